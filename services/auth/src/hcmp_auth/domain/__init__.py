"""What the auth service decides, without any I/O."""
