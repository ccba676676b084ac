"""Connections to machines over SSH: the host key is always checked, but for the one contact that learns it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import structlog

from hcmp_contracts.vm import HOST_KEY_ALGORITHMS
from hcmp_inventory.adapters.certificates import Pair
from hcmp_inventory.ports.connections import (
    CertificateUnavailableError,
    CredentialRefusedError,
    HostKeyMismatchError,
    Login,
    UnreachableError,
)

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Means:
    """What is offered to a machine: keys, one of them perhaps with its certificate, or a password."""

    keys: Sequence[asyncssh.SSHKey | Pair] = ()
    password: str | None = field(default=None, repr=False)


class SshProber:
    """Reaches machines by a certificate, by a credential of their own, or with the platform's key where there is
    one. `certificate` is asked for what opens a machine, by its name; it raises CertificateUnavailableError.
    """

    def __init__(
        self,
        *,
        key_file: Path | None,
        certificate: Callable[[str], Awaitable[Pair]],
        seconds: float = CONNECT_SECONDS,
    ) -> None:
        self._keys = [] if key_file is None else [asyncssh.read_private_key(key_file)]
        self._certificate = certificate
        self._seconds = seconds

    async def host_key(self, host: str, port: int) -> str:
        async with self._bounded(host, port):
            key = await asyncssh.get_server_host_key(
                host, port, server_host_key_algs=list(HOST_KEY_ALGORITHMS), config=None
            )
        if key is None:
            raise UnreachableError(host, port, "it shows no host key")
        return _text(key)

    async def log_in(self, login: Login) -> bool:
        try:
            pair = await self._certificate(login.machine)
        except CertificateUnavailableError as error:
            log.warning("no_certificate", machine=login.machine, reason=str(error))
            return await self._without_certificate(login, error)
        if not await self._opens(login, Means([pair])):
            return await self._without_certificate(login, None)
        if login.credential is not None:
            await self._sign_in(login, self._credentials(login))
        return True

    async def _without_certificate(self, login: Login, missing: CertificateUnavailableError | None) -> bool:
        """When a certificate was `missing`, a refusal is not the last word."""
        try:
            await self._sign_in(login, self._credentials(login))
        except CredentialRefusedError:
            if missing is not None and login.credential is None:
                raise missing from None
            raise
        return False

    async def _opens(self, login: Login, means: Means) -> bool:
        try:
            await self._sign_in(login, means)
        except CredentialRefusedError:
            return False
        return True

    async def _sign_in(self, login: Login, means: Means) -> None:
        try:
            async with self._bounded(login.host, login.port), await self._connect(login, means):
                pass
        except asyncssh.HostKeyNotVerifiable as error:
            presented = await self.host_key(login.host, login.port)
            if presented == login.host_key:
                raise UnreachableError(login.host, login.port, str(error)) from error
            raise HostKeyMismatchError(login.host_key, presented) from error

    async def _connect(self, login: Login, means: Means) -> asyncssh.SSHClientConnection:
        if not means.keys and means.password is None:
            raise CredentialRefusedError(login.user, "no certificate opens it, and there is nothing else to try")
        return await asyncssh.connect(
            login.host,
            login.port,
            username=login.user,
            client_keys=list(means.keys),
            password=means.password,
            known_hosts=([asyncssh.import_public_key(login.host_key)], [], []),
            server_host_key_algs=list(HOST_KEY_ALGORITHMS),
            connect_timeout=self._seconds,
            login_timeout=self._seconds,
            agent_path=None,
            config=None,
        )

    def _credentials(self, login: Login) -> Means:
        """Keys to offer or the password to give; never both."""
        if login.credential is None:
            return Means(self._keys)
        if "-----BEGIN" not in login.credential:
            return Means(password=login.credential)
        try:
            return Means([asyncssh.import_private_key(login.credential)])
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
