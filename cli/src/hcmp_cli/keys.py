"""The keys of an installation: without them what the log holds encrypted stays so, and no machine opens."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from hcmp_cli.errors import LauncherError
from hcmp_cli.home import Home, write_private

# The passwords between the installation's own parts are made anew wherever it is restored.
_MADE_ANEW = ("nats-", "postgres-", "service-discovery")


def read(folder: Path) -> dict[str, bytes]:
    """Every key in a folder of secrets, by its file's name."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return {path.name: path.read_bytes() for path in files if not path.name.startswith(_MADE_ANEW)}


def write(home: Home, keys: Mapping[str, bytes]) -> None:
    for name, content in keys.items():
        write_private(home.secrets / name, content.decode())


def fingerprints(keys: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of each key. Not of passwords, which are shorter: their hash could be tried against guesses."""
    return {
        name: hashlib.sha256(content).hexdigest()
        for name, content in keys.items()
        if not name.endswith(".password")
    }


def require_same(found: Mapping[str, bytes], expected: Mapping[str, str]) -> None:
    """Raises LauncherError when these are not the keys under which the backup's data were written."""
    known = fingerprints(found)
    wrong = sorted(name for name, fingerprint in expected.items() if known.get(name) != fingerprint)
    if wrong:
        raise LauncherError(
            f"These are not the keys of that installation: {', '.join(wrong)} differ or are absent."
        )
