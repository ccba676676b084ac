"""The doors of the auth service: REST, and requests over the broker."""
