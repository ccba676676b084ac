"""The read side: one file a question, with its tables, what an event does to them, and its queries."""
