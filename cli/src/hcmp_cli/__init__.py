"""The hcmp command."""
