"""Runs of Ansible, each in a process of its own that leaves nothing behind: of projects, and of clean-ups."""
