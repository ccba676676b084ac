"""The outside world of the terminal."""
