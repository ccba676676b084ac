"""The office that issues SSH certificates: it looks in the log who may go where, signs, and records it.

Whoever asks says only for what: the machines that a certificate opens follow from the log. None is handed out that
the log has not taken.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hcmp_auth.domain.ssh_certificate import (
    CERTIFICATE,
    CertificateRefusedError,
    Issue,
    extensions_of,
    lifetime,
    machine_of_session,
    machines_of_run,
)
from hcmp_auth.handlers.history import read_history
from hcmp_auth.ports import CertificateAuthority, SshTerms, UnusablePublicKeyError
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.ssh_certificate import Purpose, SshCertificateIssued, principal_of
from hcmp_eventstore.decider import Decision, Loaded, execute
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, subject_filter

# A number that every reader of JSON keeps exactly.
_SERIAL_BITS = 53


@dataclass(frozen=True)
class IssuedCertificate:
    certificate: str
    valid_before: datetime


@dataclass(frozen=True)
class Wanted:
    """What a certificate is for; `actor` is whose doing it is."""

    purpose: Purpose
    actor: str
    machines: Sequence[str]
    vm_ids: Sequence[str] = ()
    project_id: str | None = None
    account_id: str | None = None


@dataclass(frozen=True)
class CertificateOffice:
    """`source_addresses`: from where machines see the platform; empty where nobody knows."""

    store: EventStore
    authority: CertificateAuthority
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]
    source_addresses: Sequence[str] = field(default=())

    async def for_run(self, project_id: str, public_key: str) -> IssuedCertificate:
        """One certificate for all machines that the project holds. Raises CertificateRefusedError,
        EventStoreError.
        """
        held = machines_of_run(await self._history("allocation", project_id))
        wanted = Wanted(
            "run",
            "service/provisioner",
            [machine.name for machine in held],
            [machine.vm_id for machine in held],
            project_id=project_id,
        )
        return await self._issue(wanted, public_key)

    async def for_session(self, vm_id: str, account_id: str, public_key: str) -> IssuedCertificate:
        """For one account on one machine. Raises CertificateRefusedError, EventStoreError."""
        vm, account = await asyncio.gather(self._history("vm", vm_id), read_history(self.store, account_id))
        holding = machine_of_session(vm, account_id, account.state)
        wanted = Wanted(
            "session",
            f"account/{account_id}",
            [holding.machine.name],
            [vm_id],
            project_id=holding.project_id,
            account_id=account_id,
        )
        return await self._issue(wanted, public_key)

    async def for_probe(self, machines: Sequence[str], public_key: str) -> IssuedCertificate:
        """For the platform itself, on machines that may not be in the pool yet, by their names."""
        return await self._issue(Wanted("probe", "service/inventory", machines), public_key)

    async def _issue(self, wanted: Wanted, public_key: str) -> IssuedCertificate:
        certificate_id = self.new_id()
        after, before = lifetime(wanted.purpose, self.clock())
        terms = SshTerms(
            serial=certificate_id.int & (1 << _SERIAL_BITS) - 1,
            key_id=f"{wanted.purpose}/{certificate_id}",
            principals=[principal_of(machine) for machine in wanted.machines],
            valid_after=after,
            valid_before=before,
            source_addresses=self.source_addresses,
            extensions=extensions_of(wanted.purpose),
        )
        try:
            signed = self.authority.sign(public_key, terms)
        except UnusablePublicKeyError as error:
            raise CertificateRefusedError(str(error)) from error
        facts = SshCertificateIssued(
            purpose=wanted.purpose,
            serial=terms.serial,
            principals=list(terms.principals),
            vm_ids=list(wanted.vm_ids),
            project_id=wanted.project_id,
            account_id=wanted.account_id,
            public_key=signed.public_key,
            authority=signed.authority,
            valid_after=after,
            valid_before=before,
            source_addresses=list(self.source_addresses),
        )
        await self._record(str(certificate_id), facts, wanted)
        return IssuedCertificate(signed.certificate, before)

    async def _record(self, certificate_id: str, facts: SshCertificateIssued, wanted: Wanted) -> None:
        context = Context(actor=wanted.actor, correlation_id=wanted.project_id or certificate_id)
        new = Loaded(CERTIFICATE.initial, 0)
        await execute(self.store, [Decision(CERTIFICATE, certificate_id, Issue(facts), assumed=new)], context)

    async def _history(self, aggregate: str, aggregate_id: str) -> list[DomainEvent]:
        """As the leader knows it: what was granted this moment may not be everywhere yet."""
        subject = subject_filter(aggregate, aggregate_id)
        newest = (await self.store.newer({subject: 0})).get(subject, 0)
        return [recorded.event for recorded in await self.store.load(aggregate, aggregate_id, at_least=newest)]
