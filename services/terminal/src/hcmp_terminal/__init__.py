"""Shells on machines in the browser."""
