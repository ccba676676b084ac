"""Machines that nobody can make anew are cleaned by the clean-up playbook, and looked at: what a recycle and the
factory reset share. Whether a machine is clean is what was found on it, however it was made so.
"""

from dataclasses import dataclass

from hcmp_contracts.cause import Cause
from hcmp_contracts.vm import VmRegistered
from hcmp_inventory.domain import survey
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.handlers.machines import Machines
from hcmp_inventory.ports.cleaner import Cleaner, CleaningFailedError
from hcmp_inventory.ports.connections import (
    CommandFailedError,
    CredentialRefusedError,
    HostKeyMismatchError,
    Login,
    UnreachableError,
)
from hcmp_inventory.ports.provider import Machine, ProviderError

# What says that a machine cannot be had clean; that there is no certificate for it now is no fault of its own.
RECYCLE_FAILURES = (
    ProviderError,
    CleaningFailedError,
    UnreachableError,
    HostKeyMismatchError,
    CredentialRefusedError,
    CommandFailedError,
)


@dataclass(frozen=True)
class Made:
    """A machine that is to be clean now, and what was found on it. `anew`: from an image or a snapshot."""

    machine: Machine | VmRegistered
    found: survey.Survey
    anew: bool
    by_certificate: bool

    def unclean(self, used: VmRegistered) -> Reason | None:
        """Why the machine is not for the next project; None when it is. `used` is what it was before."""
        if left := survey.leftovers(self.found, used.baseline, made_anew=self.anew):
            said = survey.said(left)
            return Reason.of(f"recycled, but a project's things are still on it: {said}", "things-left", said=said)
        if used.baseline is None and not self.anew:
            text = "cleaned, but nobody noted what was on it before: look at it, then release it"
            return Reason.of(text, "baseline-unknown")
        return None


@dataclass(frozen=True)
class CleanUps:
    """Without a `cleaner` the installation has no playbooks, and cleans nothing."""

    machines: Machines
    cleaner: Cleaner | None = None

    def can_clean(self, used: VmRegistered) -> bool:
        return used.provider == "static" and self.cleaner is not None

    async def clean(self, used: VmRegistered) -> Made:
        """Clean it and look at it; may be repeated.

        Raises one of RECYCLE_FAILURES, and CertificateUnavailableError.
        """
        if used.provider != "static" or self.cleaner is None:
            cause = Cause.of("not-renewable", provider=used.provider)
            raise ProviderError(f"no provider {used.provider} can make it new", cause)
        login = self.machines.login(used)
        left = survey.leftovers(await self.machines.prober.survey(login), used.baseline, made_anew=False)
        await self.cleaner.clean(used, login, left)
        return await self.looked_at(used, login, anew=False)

    async def looked_at(self, machine: Machine | VmRegistered, login: Login, *, anew: bool) -> Made:
        """Sign in to it and look around. Raises what `clean` raises."""
        by_certificate = await self.machines.prober.log_in(login)
        return Made(machine, await self.machines.prober.survey(login), anew=anew, by_certificate=by_certificate)
