"""Shells over asyncssh: only to the pinned host key, with no agent, configuration or forwarding.

Memory is bounded by the channel's window: asyncssh buffers at most that much before the machine must wait.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, assert_never

import asyncssh
import structlog

from hcmp_contracts.vm import HOST_KEY_ALGORITHMS
from hcmp_terminal.adapters.credentials import Credentials, CredentialUnreadableError, Means
from hcmp_terminal.domain.machine import Machine
from hcmp_terminal.domain.shell import (
    Guest,
    HostKeyChangedError,
    Login,
    LoginRefusedError,
    MachineUnreachableError,
    Size,
)

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 10
CLOSE_SECONDS = 2
KEEPALIVE_SECONDS = 15
# asyncssh gives up one interval after this many unanswered ones: a dead machine is noticed after 45 s.
KEEPALIVE_COUNT = 2
WINDOW_BYTES = 256 * 1024
READ_BYTES = 32 * 1024
TERMINAL = "xterm-256color"

_LOST = (asyncssh.Error, OSError)


class AsyncsshShells:
    """Opens shells on machines."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def open(self, machine: Machine, entrance: Login | Guest, size: Callable[[], Size]) -> "AsyncsshShell":
        try:
            options = await self._options(machine, entrance)
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await asyncssh.connect(machine.ssh_host, machine.ssh_port, **options)
        except asyncssh.HostKeyNotVerifiable as error:
            raise HostKeyChangedError(machine.name) from error
        except (asyncssh.PermissionDenied, asyncssh.IllegalUserName, CredentialUnreadableError) as error:
            log.info("login_refused", machine=machine.name, reason=str(error))
            raise LoginRefusedError(machine.name) from error
        except (*_LOST, TimeoutError) as error:
            raise MachineUnreachableError(str(error) or type(error).__name__) from error
        return await self._start(connection, size)

    async def _start(self, connection: asyncssh.SSHClientConnection, size: Callable[[], Size]) -> "AsyncsshShell":
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                now = size()
                process: asyncssh.SSHClientProcess[bytes] = await connection.create_process(
                    term_type=TERMINAL,
                    term_size=(now.columns, now.rows),
                    stderr=asyncssh.STDOUT,
                    encoding=None,
                    window=WINDOW_BYTES,
                )
        except (*_LOST, TimeoutError) as error:
            connection.abort()
            raise MachineUnreachableError(str(error) or type(error).__name__) from error
        except BaseException:
            connection.abort()
            raise
        return AsyncsshShell(connection, process)

    async def _options(self, machine: Machine, entrance: Login | Guest) -> dict[str, Any]:
        match entrance:
            case Login(username=username, password=password):
                means = Means((), password=password)
            case Guest():
                username, means = machine.ssh_user, await self._credentials.means(machine, entrance)
            case _:
                assert_never(entrance)
        pinned = asyncssh.import_public_key(machine.host_key)
        return {
            "username": username,
            # None, not an empty list: asyncssh would look for keys in the home directory.
            "client_keys": list(means.keys) or None,
            "password": means.password,
            "known_hosts": ([pinned], [], []),
            # The pinned kind first, and the others too: a machine with a key of another kind shall show it, which
            # is a changed key, and not end the connection for want of a common kind, as any broken one ends.
            "server_host_key_algs": sorted(
                HOST_KEY_ALGORITHMS, key=lambda kind: kind.encode() not in pinned.sig_algorithms
            ),
            "config": None,
            "agent_path": None,
            "agent_forwarding": False,
            "x11_forwarding": False,
            "x509_trusted_certs": None,
            "gss_host": None,
            "host_based_auth": False,
            "disable_trivial_auth": True,
            "compression_algs": None,
            "connect_timeout": CONNECT_SECONDS,
            "login_timeout": CONNECT_SECONDS,
            "keepalive_interval": KEEPALIVE_SECONDS,
            "keepalive_count_max": KEEPALIVE_COUNT,
        }


class AsyncsshShell:
    """A shell and the connection that was made for it."""

    def __init__(
        self, connection: asyncssh.SSHClientConnection, process: asyncssh.SSHClientProcess[bytes]
    ) -> None:
        self._connection = connection
        self._process = process

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up; a machine that does not answer is not waited for."""
        self._process.close()
        self._connection.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._connection.wait_closed()
        except (*_LOST, TimeoutError):
            self._connection.abort()

    async def read(self) -> bytes:
        try:
            return await self._process.stdout.read(READ_BYTES)
        except _LOST as error:
            raise MachineUnreachableError(str(error)) from error

    async def write(self, data: bytes) -> None:
        try:
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        except _LOST as error:
            raise MachineUnreachableError(str(error)) from error

    def resize(self, size: Size) -> None:
        if not self._process.is_closing():
            self._process.change_terminal_size(size.columns, size.rows)

    async def exit_status(self) -> int | None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._process.wait_closed()
        except (*_LOST, TimeoutError) as error:
            raise MachineUnreachableError(str(error) or type(error).__name__) from error
        if self._process.exit_status is None:
            raise MachineUnreachableError("the connection ended without an exit status")
        return self._process.exit_status if self._process.exit_signal is None else None
