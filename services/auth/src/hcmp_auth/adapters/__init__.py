"""The outside world of the auth service: PostgreSQL, Argon2, the signing key."""
