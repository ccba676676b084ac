"""The write side: each command in one sentence. Load, decide, append; then let the read model catch up."""
