"""The SSH certificate of one run: signed when its process starts, and again while it goes on.

The key is the run's own and lies in the run's directory only. Connections that stand outlive their certificate; a
new one, of a worker that has taken the run over or of a step that signs in again, needs one that is good.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from hcmp_contracts.allocation import GrantedMachine
from hcmp_provisioner.worker.interruption import Interruption
from hcmp_provisioner.worker.plans import UnusablePlanError
from hcmp_runner.files import renew_certificate
from hcmp_runner.plan import Identity, Plan
from hcmp_webkit.ssh_certificates import (
    CertificateRefusedError,
    CertificateUnavailableError,
    EphemeralKey,
    SshCertificate,
    SshCertificates,
)

log = structlog.get_logger(__name__)

RETRY_SECONDS = 5.0


@dataclass(frozen=True)
class Entrance:
    """How one run gets to its machines. A certificate that cannot be had is asked for again after each of the
    seconds of `patience`.
    """

    certificates: SshCertificates
    project_id: str
    clock: Callable[[], datetime]
    patience: Sequence[float]

    async def identity(
        self, machines: Sequence[GrantedMachine], interruption: Interruption, say: Callable[[str], Awaitable[None]]
    ) -> "RunIdentity | None":
        """A key and its certificate; None when no machine is opened by one. `say` hears why it is waited for.

        Raises UnusablePlanError when there is none, and what interrupted the run meanwhile.
        """
        if not any(machine.ssh_certificates for machine in machines):
            return None
        key = EphemeralKey.generate()
        for pause in (*self.patience, None):
            try:
                return RunIdentity(self, key, await self.certificates.for_run(self.project_id, key))
            except CertificateRefusedError as error:
                raise UnusablePlanError(str(error)) from error
            except CertificateUnavailableError as error:
                if pause is None:
                    raise UnusablePlanError(str(error)) from error
                await say(f"{error} It is asked for again in {pause:g} s.")
            await interruption.pause(pause)
            interruption.check()
        raise AssertionError("the last try returns or raises")


@dataclass
class RunIdentity:
    """A key and its present certificate."""

    entrance: Entrance
    key: EphemeralKey
    certificate: SshCertificate

    @property
    def lapsed(self) -> bool:
        """Whether machines let nobody in by it any more."""
        return self.entrance.clock() >= self.certificate.valid_before

    async def renew_for_ever(self, directory: Path) -> None:
        """Exchange the certificate in the run's directory for a new one in good time."""
        while True:
            left = self.certificate.valid_before - self.entrance.clock()
            await asyncio.sleep(max(left / 2, timedelta()).total_seconds())
            try:
                self.certificate = await self.entrance.certificates.for_run(self.entrance.project_id, self.key)
                await asyncio.to_thread(renew_certificate, directory, self.certificate.text)
            except (CertificateUnavailableError, CertificateRefusedError, OSError) as error:
                # What is connected stays so. Whether a machine refuses a new connection, the run finds out.
                log.warning("certificate_not_renewed", reason=str(error))
                await asyncio.sleep(RETRY_SECONDS)


@asynccontextmanager
async def given(identity: RunIdentity | None, plan: Plan) -> AsyncIterator[Plan]:
    """The plan with this identity, if there is one, whose certificate stays good while inside."""
    if identity is None:
        yield plan
        return
    held = Identity(private_key=identity.key.private, certificate=identity.certificate.text)
    renewing = asyncio.create_task(identity.renew_for_ever(plan.directory))
    try:
        yield plan.model_copy(update={"identity": held})
    finally:
        renewing.cancel()
        await asyncio.wait([renewing])
