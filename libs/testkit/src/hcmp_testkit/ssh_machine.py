"""A machine with a real SSH server on a port of loopback, whose shell does what a test tells it.

Lines that its shell understands: `exit N`, `kill` (the shell dies by a signal), `size`, `flood` (output without
end), `deaf` (reads no more), `drop` (the connection breaks). It says anything else back.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncssh


@dataclass
class SshMachine:
    """What it is and what happened to it."""

    host_key: asyncssh.SSHKey
    users: dict[str, str]
    port: int = 0
    connections: int = 0
    logins: list[str] = field(default_factory=list)
    shells: set[str] = field(default_factory=set)

    @property
    def public_host_key(self) -> str:
        return self.host_key.export_public_key().decode().strip()

    async def run_shell(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        name = str(id(process))
        self.shells.add(name)
        try:
            process.stdout.write(b"welcome\r\n")
            await _obey(process)
        except (asyncssh.Error, BrokenPipeError):
            pass  # the visitor hung up
        finally:
            self.shells.discard(name)


class _Door(asyncssh.SSHServer):
    """Who may come in: the holders of authorized keys, and users with their passwords."""

    def __init__(self, machine: SshMachine) -> None:
        self._machine = machine

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:  # noqa: ARG002
        self._machine.connections += 1

    def begin_auth(self, username: str) -> bool:
        self._machine.logins.append(username)
        return True

    def password_auth_supported(self) -> bool:
        return bool(self._machine.users)

    def validate_password(self, username: str, password: str) -> bool:
        return self._machine.users.get(username) == password


async def _obey(process: asyncssh.SSHServerProcess[bytes]) -> None:
    while True:
        try:
            line = await process.stdin.read(65536)
        except asyncssh.TerminalSizeChanged as change:
            process.stdout.write(f"resized {change.width}x{change.height}\r\n".encode())
            continue
        words = line.split()
        if not line or _ended(process, words):
            return
        match words:
            case [b"size"]:
                width, height, *_ = process.term_size
                process.stdout.write(f"{process.term_type} {width}x{height}\r\n".encode())
            case [b"flood"]:
                while True:
                    process.stdout.write(b"x" * 32768)
                    await process.stdout.drain()
            case [b"deaf"]:
                process.channel.pause_reading()
                await asyncio.Event().wait()
            case _:
                process.stdout.write(line)


def _ended(process: asyncssh.SSHServerProcess[bytes], words: list[bytes]) -> bool:
    """Whether these words end the shell, and end it."""
    match words:
        case [b"exit", status]:
            process.exit(int(status))
        case [b"kill"]:
            process.exit_with_signal("KILL")
        case [b"drop"]:
            process.channel.get_connection().abort()
        case _:
            return False
    return True


@asynccontextmanager
async def ssh_machine(
    *, keys: list[asyncssh.SSHKey] | None = None, users: dict[str, str] | None = None, trusts: str = ""
) -> AsyncIterator[SshMachine]:
    """A machine that lets in the holders of these keys, these users with their passwords, and those whom it
    `trusts` by lines of an authorized_keys file.
    """
    machine = SshMachine(asyncssh.generate_private_key("ssh-ed25519"), users or {})
    authorized = "\n".join([trusts, *(key.export_public_key().decode() for key in keys or [])]).strip()
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: _Door(machine),
        server_host_keys=[machine.host_key],
        authorized_client_keys=asyncssh.import_authorized_keys(authorized) if authorized else None,
        process_factory=machine.run_shell,
        encoding=None,
        line_editor=False,
    )
    machine.port = server.get_port()
    try:
        yield machine
    finally:
        server.close()
        await server.wait_closed()
