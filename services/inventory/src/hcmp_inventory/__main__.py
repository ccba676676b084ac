"""`python -m hcmp_inventory`."""

from hcmp_inventory.main import main

main()
