"""What the monitor knows without asking anyone: machines' situations, figures, and how an event reads."""
