"""What the auth service answers from: read models of the log."""
