"""A second copy of the event log in PostgreSQL, chained by hashes, by which the log can be proved whole."""
