"""`python -m hcmp_terminal`."""

from hcmp_terminal.main import main

main()
