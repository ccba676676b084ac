"""Connections to machines over SSH: the host key is always checked, but for the one contact that learns it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh

from hcmp_contracts.vm import HOST_KEY_ALGORITHMS
from hcmp_inventory.ports.connections import CredentialRefusedError, HostKeyMismatchError, Login, UnreachableError

CONNECT_SECONDS = 10.0


class SshProber:
    """Reaches machines with the platform's key or a credential of their own."""

    def __init__(self, *, key_file: Path, seconds: float = CONNECT_SECONDS) -> None:
        self._key = asyncssh.read_private_key(key_file)
        self._seconds = seconds

    async def host_key(self, host: str, port: int) -> str:
        async with self._bounded(host, port):
            key = await asyncssh.get_server_host_key(
                host, port, server_host_key_algs=list(HOST_KEY_ALGORITHMS), config=None
            )
        if key is None:
            raise UnreachableError(host, port, "it shows no host key")
        return _text(key)

    async def log_in(self, login: Login) -> None:
        try:
            async with self._bounded(login.host, login.port), await self._connect(login):
                pass
        except asyncssh.HostKeyNotVerifiable as error:
            presented = await self.host_key(login.host, login.port)
            if presented == login.host_key:
                raise UnreachableError(login.host, login.port, str(error)) from error
            raise HostKeyMismatchError(login.host_key, presented) from error

    async def _connect(self, login: Login) -> asyncssh.SSHClientConnection:
        keys, password = self._credentials(login)
        return await asyncssh.connect(
            login.host,
            login.port,
            username=login.user,
            client_keys=keys,
            password=password,
            known_hosts=([asyncssh.import_public_key(login.host_key)], [], []),
            server_host_key_algs=list(HOST_KEY_ALGORITHMS),
            connect_timeout=self._seconds,
            login_timeout=self._seconds,
            agent_path=None,
            config=None,
        )

    def _credentials(self, login: Login) -> tuple[list[asyncssh.SSHKey], str | None]:
        """Keys to offer and the password to give; never both."""
        if login.credential is None:
            return [self._key], None
        if "-----BEGIN" not in login.credential:
            return [], login.credential
        try:
            return [asyncssh.import_private_key(login.credential)], None
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise CredentialRefusedError(login.user, f"the private key cannot be read: {error}") from error

    @asynccontextmanager
    async def _bounded(self, host: str, port: int) -> AsyncIterator[None]:
        """Give up after the time that is allowed, and say in our words what went wrong."""
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError as error:
            raise UnreachableError(host, port, f"no answer within {self._seconds:.0f} s") from error
        except asyncssh.PermissionDenied as error:
            raise CredentialRefusedError("the user", error.reason) from error
        except asyncssh.HostKeyNotVerifiable:
            raise
        except (OSError, asyncssh.Error) as error:
            raise UnreachableError(host, port, str(error)) from error


def _text(key: asyncssh.SSHKey) -> str:
    """The public key without a comment: `ssh-ed25519 AAAA…`."""
    return " ".join(key.export_public_key().decode().split()[:2])
