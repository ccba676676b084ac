"""The door of the monitor: routes, what they take and give, and the table of errors."""
