"""Connections to machines over SSH: the host key is always checked, but for the one contact that learns it."""

import asyncio
import errno
import shlex
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import structlog

from hcmp_contracts.cause import Cause
from hcmp_contracts.vm import HOST_KEY_ALGORITHMS
from hcmp_inventory.adapters import survey_program
from hcmp_inventory.adapters.certificates import Pair
from hcmp_inventory.domain.survey import Survey, has_keys, without_own
from hcmp_inventory.domain.vitals import Vitals
from hcmp_inventory.ports.connections import (
    CertificateUnavailableError,
    CommandFailedError,
    CredentialRefusedError,
    HostKeyMismatchError,
    Login,
    Silence,
    UnreachableError,
)

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 10.0
# Thousands of machines are probed each minute: first the ciphers that cost the processor least.
CIPHERS = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr"]
SURVEY_SECONDS = 60.0
LONGEST_ANSWER = 256 * 1024
# The fullest disk of those where packages, their data and logs go, and the time with its fraction.
VITALS = "df -Pk / /var /tmp && date +%s.%N"
NO_VITALS = "it does not say how full its disk is and what time it has"
NOTHING_ELSE = "no certificate opens it, and there is nothing else to try"
# Root already, or by sudo: with its password on standard input where there is one, and without asking otherwise.
AS_ROOT = 'if [ "$(id -u)" = 0 ]; then exec {program}; else exec sudo {how} -- {program}; fi'


@dataclass(frozen=True)
class Means:
    """What is offered to a machine: keys, one of them perhaps with its certificate, or a password."""

    keys: Sequence[asyncssh.SSHKey | Pair] = ()
    password: str | None = field(default=None, repr=False)


class SshProber:
    """Reaches machines by a certificate, by a credential of their own, or with the platform's key where there is
    one. `certificate` is asked for what opens a machine, by its name, and `authorities` for the public keys, one a
    line, that machines are to trust; they raise CertificateUnavailableError.
    """

    def __init__(
        self,
        *,
        key_file: Path | None,
        certificate: Callable[[str], Awaitable[Pair]],
        authorities: Callable[[], Awaitable[str]] | None = None,
        seconds: float = CONNECT_SECONDS,
    ) -> None:
        self._keys = [] if key_file is None else [asyncssh.read_private_key(key_file)]
        self._certificate = certificate
        self._authorities = authorities
        self._seconds = seconds
        program = Path(survey_program.__file__).read_text(encoding="utf-8")
        self._survey = shlex.join(["python3", "-I", "-c", program])

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

    async def vitals(self, login: Login) -> Vitals:
        async with self._signed_in(login, await self._all_means(login)) as connection:
            began = time.time()
            said = await _said(connection, VITALS)
            ended = time.time()
        *disks, clock = said.splitlines()[1:] or [""]
        try:
            free = min(int(line.split()[3]) for line in disks) * 1024
            return Vitals(free, float(clock) - (began + ended) / 2, (ended - began) / 2)
        except (ValueError, IndexError) as error:
            raise CommandFailedError(NO_VITALS, Cause.of("vitals-unreadable")) from error

    async def survey(self, login: Login) -> Survey:
        means = await self._all_means(login)
        how = "-n" if means.password is None else "-S -p ''"
        told = "" if means.password is None else f"{means.password}\n"
        async with self._signed_in(login, means, seconds=SURVEY_SECONDS) as connection:
            said = await _said(connection, AS_ROOT.format(program=self._survey, how=how), told)
        *facts, end = said.splitlines() or [""]
        if end != "end":
            raise CommandFailedError("it does not say all that is on it", Cause.of("survey-incomplete"))
        found = without_own(facts, [_text(key) for key in self._keys])
        if self._authorities is None or not has_keys(found):
            return found  # there is nothing that could be an authority's: nobody need be asked
        return without_own(found, (await self._authorities()).splitlines())

    async def _all_means(self, login: Login) -> Means:
        """All that may open the machine, in one connection: a certificate first."""
        credentials = self._credentials(login)
        try:
            return Means([await self._certificate(login.machine), *credentials.keys], credentials.password)
        except CertificateUnavailableError as error:
            if not credentials.keys and credentials.password is None:
                raise
            log.warning("no_certificate", machine=login.machine, reason=str(error))
            return credentials

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
        async with self._signed_in(login, means):
            pass

    @asynccontextmanager
    async def _signed_in(
        self, login: Login, means: Means, *, seconds: float | None = None
    ) -> AsyncIterator[asyncssh.SSHClientConnection]:
        try:
            async with (
                self._bounded(login.host, login.port, seconds),
                await self._connect(login, means) as connection,
            ):
                yield connection
        except asyncssh.HostKeyNotVerifiable as error:
            presented = await self.host_key(login.host, login.port)
            if presented == login.host_key:
                raise UnreachableError(login.host, login.port, str(error)) from error
            raise HostKeyMismatchError(login.host_key, presented) from error

    async def _connect(self, login: Login, means: Means) -> asyncssh.SSHClientConnection:
        if not means.keys and means.password is None:
            cause = Cause.of("no-certificate-opens", user=login.user)
            raise CredentialRefusedError(login.user, NOTHING_ELSE, cause)
        return await asyncssh.connect(
            login.host,
            login.port,
            username=login.user,
            client_keys=list(means.keys),
            password=means.password,
            known_hosts=([asyncssh.import_public_key(login.host_key)], [], []),
            server_host_key_algs=list(HOST_KEY_ALGORITHMS),
            encryption_algs=CIPHERS,
            compression_algs=["none"],
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
            return Means(_keys(login.credential))
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            cause = Cause.of("key-unreadable", said=str(error))
            raise CredentialRefusedError(login.user, f"the private key cannot be read: {error}", cause) from error

    @asynccontextmanager
    async def _bounded(self, host: str, port: int, seconds: float | None = None) -> AsyncIterator[None]:
        """Give up after the time that is allowed, and say in our words what went wrong."""
        allowed = seconds or self._seconds
        try:
            async with asyncio.timeout(allowed):
                yield
        except TimeoutError as error:
            raise UnreachableError(host, port, f"no answer within {allowed:.0f} s", silence="no-answer") from error
        except asyncssh.PermissionDenied as error:
            raise CredentialRefusedError(
                "the user", error.reason, Cause.of("login-refused", said=error.reason)
            ) from error
        except asyncssh.HostKeyNotVerifiable:
            raise
        except (OSError, asyncssh.Error) as error:
            raise UnreachableError(host, port, str(error), silence=_silence(error)) from error


def _silence(error: Exception) -> Silence:
    match error:
        case ConnectionRefusedError():
            return "connection-refused"
        case OSError(errno=errno.EHOSTUNREACH | errno.ENETUNREACH):
            return "no-route"
        case _:
            return "no-ssh"


def _keys(credential: str) -> list[Any]:
    """A private key, or a key and behind it its certificate: then with the certificate first."""
    head, end, certificate = credential.partition("-----END ")
    label, newline, certificate = certificate.partition("\n")
    key = asyncssh.import_private_key(head + end + label + newline)
    if not certificate.strip():
        return [key]
    return [(key, asyncssh.import_certificate(certificate.strip())), key]


async def _said(connection: asyncssh.SSHClientConnection, command: str, told: str = "") -> str:
    """What a command says on its output, once it has ended well. Raises CommandFailedError."""
    async with connection.create_process(command, encoding="utf-8", errors="replace", window=65536) as process:
        with suppress(BrokenPipeError):  # it may have ended without having read anything
            process.stdin.write(told)
            process.stdin.write_eof()
        said = ""
        while part := await process.stdout.read(65536):
            said += part
            if len(said) > LONGEST_ANSWER:
                raise CommandFailedError("it says more than can be true", Cause.of("answer-too-long"))
        complaint = (await process.stderr.read(2000)).strip()
        await process.wait_closed()
        if process.exit_status != 0:
            if complaint:
                raise CommandFailedError(complaint.splitlines()[-1])
            raise CommandFailedError("it ended with an error", Cause.of("command-ended"))
    return said


def _text(key: asyncssh.SSHKey) -> str:
    """The public key without a comment: `ssh-ed25519 AAAA…`."""
    return " ".join(key.export_public_key().decode().split()[:2])
