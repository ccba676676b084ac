"""The write side of the auth service: load, decide, append; and sessions, which are no events."""
