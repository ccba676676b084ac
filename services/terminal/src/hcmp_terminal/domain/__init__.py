"""What the terminal decides, and the doors through which it reaches machines."""
