"""What an entry of the archive is, and how entries hang together: pure."""
