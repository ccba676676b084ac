"""The door of the terminal: the socket and its frames, and who is on now."""
