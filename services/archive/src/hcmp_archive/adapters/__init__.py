"""PostgreSQL, as the archive uses it."""
