"""Projects and the runs that configure their machines."""
