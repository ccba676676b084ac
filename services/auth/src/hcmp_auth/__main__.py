"""`python -m hcmp_auth`."""

from hcmp_auth.main import main

main()
