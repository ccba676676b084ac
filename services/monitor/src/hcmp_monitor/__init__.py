"""Health and figures of machines, and who did what."""
