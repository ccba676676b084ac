"""`python -m hcmp_monitor`."""

from hcmp_monitor.main import main

main()
