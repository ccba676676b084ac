"""`python -m hcmp_archive`."""

from hcmp_archive.main import main

main()
