"""The outside world of the monitor."""
