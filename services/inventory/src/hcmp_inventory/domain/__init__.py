"""What the inventory decides, without any input or output."""
