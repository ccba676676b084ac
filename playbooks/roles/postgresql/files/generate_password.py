"""Writes a new password to the file given: whole or not at all, readable by the user postgres alone."""

import os
import secrets
import shutil
import sys
from pathlib import Path

destination = Path(sys.argv[1])
destination.parent.mkdir(parents=True, exist_ok=True)
draft = destination.with_suffix(".draft")
draft.unlink(missing_ok=True)
with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
    file.write(secrets.token_hex(24))
    file.flush()
    os.fsync(file.fileno())
shutil.chown(draft, "postgres", "postgres")
draft.rename(destination)
