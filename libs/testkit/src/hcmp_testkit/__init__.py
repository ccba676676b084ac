"""Real servers and scenarios for the tests of H-CMP."""
