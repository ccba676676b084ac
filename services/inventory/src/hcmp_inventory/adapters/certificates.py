"""SSH certificates for looking after machines: what machines are to trust, and what opens them for a moment."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import asyncssh
import structlog

from hcmp_inventory.ports.connections import CertificateUnavailableError
from hcmp_webkit.ssh_certificates import CertificateRefusedError, EphemeralKey, SshCertificates
from hcmp_webkit.ssh_certificates import CertificateUnavailableError as Unanswered

log = structlog.get_logger(__name__)

# OpenSSH reads no more principals of a certificate.
LARGEST_BATCH = 256
# Who asks within this time shares one certificate: a round of probes costs few, and not one a machine.
GATHER_SECONDS = 0.01
FRESH = timedelta(seconds=30)
PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 1.0

Pair = tuple[asyncssh.SSHKey, asyncssh.SSHCertificate]


class ProbeCertificates:
    """A key and a certificate for a machine, kept in memory until shortly before it ends."""

    def __init__(self, certificates: SshCertificates, *, clock: Callable[[], datetime]) -> None:
        self._certificates = certificates
        self._clock = clock
        self._held: dict[str, tuple[Pair, datetime]] = {}
        self._wanted: dict[str, asyncio.Future[Pair]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def of(self, machine: str) -> Pair:
        """What opens the machine of this name. Raises CertificateUnavailableError."""
        held = self._held.get(machine)
        if held is not None and held[1] - self._clock() > FRESH:
            return held[0]
        if machine not in self._wanted:
            if not self._wanted:
                task = asyncio.create_task(self._ask())
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)
            self._wanted[machine] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._wanted[machine])

    async def _ask(self) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        wanted, self._wanted = self._wanted, {}
        names = list(wanted)
        batches = [names[first : first + LARGEST_BATCH] for first in range(0, len(names), LARGEST_BATCH)]
        await asyncio.gather(*(self._ask_for({name: wanted[name] for name in batch}) for batch in batches))

    async def _ask_for(self, wanted: dict[str, asyncio.Future[Pair]]) -> None:
        key = EphemeralKey.generate()
        try:
            signed = await self._certificates.for_probe(list(wanted), key)
        except (Unanswered, CertificateRefusedError) as error:
            for future in wanted.values():
                _fail(future, CertificateUnavailableError(str(error)))
            return
        pair = asyncssh.import_private_key(key.private), asyncssh.import_certificate(signed.text)
        now = self._clock()
        self._held = {name: held for name, held in self._held.items() if held[1] > now}
        for name, future in wanted.items():
            self._held[name] = pair, signed.valid_before
            if not future.done():
                future.set_result(pair)


def _fail(future: "asyncio.Future[Pair]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # whoever waited may have given up


class TrustedAuthorities:
    """The public keys that a machine which is being made is to trust, one a line."""

    def __init__(self, certificates: SshCertificates, *, patience: float = PATIENCE_SECONDS) -> None:
        self._certificates = certificates
        self._patience = patience
        self._known: str | None = None

    async def __call__(self) -> str:
        """As the auth service says now, or as it said last when it does not answer. Raises
        CertificateUnavailableError when it has not answered once within the patience.
        """
        deadline = asyncio.get_running_loop().time() + self._patience
        while True:
            try:
                self._known = "\n".join(await self._certificates.authorities())
            except Unanswered as error:
                if self._known is None and asyncio.get_running_loop().time() > deadline:
                    raise CertificateUnavailableError(str(error)) from error
            if self._known is not None:
                return self._known
            await asyncio.sleep(PAUSE_SECONDS)
