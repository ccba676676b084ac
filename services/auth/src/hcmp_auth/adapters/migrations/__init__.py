"""The history of the schema `auth`. Only added to: an installation may stand at any of its steps."""
