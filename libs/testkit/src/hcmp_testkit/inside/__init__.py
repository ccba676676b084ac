"""A folder for the PYTHONPATH of processes that are tried by faults; nothing else may lie in it."""
