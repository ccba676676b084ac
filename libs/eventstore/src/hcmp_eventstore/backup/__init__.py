"""Backups of the broker's streams: one file, made while the platform runs, from which the same log comes back."""
