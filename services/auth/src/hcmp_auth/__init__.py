"""Accounts, sessions and identity."""
