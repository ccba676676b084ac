"""The outside world behind small Protocols: providers of machines, SSH."""
