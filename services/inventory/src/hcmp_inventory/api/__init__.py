"""The door of the inventory: routes, what they take and give, and the table of errors."""
