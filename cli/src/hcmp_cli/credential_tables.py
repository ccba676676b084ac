"""The tables that no log can rebuild, out of the database and into one: what the auth service keeps of passwords.

By PostgreSQL's own pg_dump and pg_restore, of the server's version, as the roles that may do no more than this.
"""

import os
import subprocess

from hcmp_cli import postgres
from hcmp_cli.credentials import Credentials
from hcmp_cli.errors import LauncherError
from hcmp_cli.home import Home

# Who was signed in is left out: a session that was ended after the backup must not live again, and a token that
# was used since must not count as fresh. After a restore everybody signs in again.
_EMPTY_IN_A_BACKUP = ("sessions", "refresh_tokens", "tickets", "attempts")


def dump(home: Home, credentials: Credentials, port: int) -> bytes:
    """The kept schema as of one moment, in PostgreSQL's custom format. Small: one line an account and password."""
    options = [
        *("--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=30s"),
        f"--schema={postgres.KEPT_SCHEMA}",
        *(f"--exclude-table-data={postgres.KEPT_SCHEMA}.{table}" for table in _EMPTY_IN_A_BACKUP),
    ]
    command = [str(postgres.tool(home, "pg_dump")), *options]
    done = subprocess.run(
        command, env=_environment(credentials, port, postgres.BACKUP), capture_output=True, check=False
    )
    _require_success(done, "The credential tables cannot be read")
    return done.stdout


def load(home: Home, credentials: Credentials, port: int, dumped: bytes) -> None:
    """Put a dump in the place of the kept schema, which must be empty."""
    options = [
        *("--clean", "--if-exists", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"),
        f"--dbname={postgres.DATABASE}",
    ]
    done = subprocess.run(
        [str(postgres.tool(home, "pg_restore")), *options],
        env=_environment(credentials, port, postgres.OWNER),
        input=dumped,
        capture_output=True,
        check=False,
    )
    _require_success(done, "The credential tables cannot be restored")


def _environment(credentials: Credentials, port: int, role: str) -> dict[str, str]:
    """The password goes by the environment, which only the process's owner reads, and not by the command line."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "PGHOST": "127.0.0.1",
        "PGPORT": str(port),
        "PGDATABASE": postgres.DATABASE,
        "PGUSER": role,
        "PGPASSWORD": credentials.password(f"postgres-{role}"),
    }


def _require_success(done: subprocess.CompletedProcess[bytes], sentence: str) -> None:
    if done.returncode != 0:
        raise LauncherError(f"{sentence}: {done.stderr.decode(errors='replace').strip()}")
