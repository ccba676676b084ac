"""The write side: a command, what is needed to decide it, and its events in the log."""
