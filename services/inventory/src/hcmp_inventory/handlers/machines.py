"""Commands for one machine of the pool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Protocol
from uuid import UUID, uuid5

from hcmp_contracts.cause import Cause
from hcmp_contracts.vm import VM_CREDENTIAL, VmRegistered
from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import survey, system, vm, vm_commands, vm_errors
from hcmp_inventory.domain.causes import CausedError
from hcmp_inventory.domain.vm_situations import Retired, Unknown
from hcmp_inventory.ports.connections import (
    Addresses,
    CredentialRefusedError,
    HostKeyMismatchError,
    Login,
    Prober,
)
from hcmp_inventory.ports.provider import Machine
from hcmp_webkit.vault import Binding, UnreadableSecretError, Vault

MACHINES = UUID("0c0f2d5e-3c1b-5a55-9a0c-9f8c2f7f6b21")


def vm_id_of(name: str) -> str:
    """A machine's id follows from its name, so that the log itself keeps names unique."""
    return str(uuid5(MACHINES, name))


def binding_of(name: str) -> Binding:
    """What the credential of the machine of this name is bound to."""
    return Binding(VM_CREDENTIAL, vm_id_of(name))


@dataclass(frozen=True, slots=True)
class NewMachine:
    """A machine that an operator adds by hand; `credential` is in clear. The platform reaches it at `ssh_host`
    where that is another than its address.
    """

    name: str
    address: str
    ssh_host: str | None
    ssh_port: int
    ssh_user: str
    exporter_port: int
    credential: str | None
    labels: dict[str, str]
    request_id: str = ""
    request_digest: str = ""


def registration(machine: Machine, **said: object) -> VmRegistered:
    """The facts of a machine as its provider knows it, and what was said of it beside that, or instead."""
    known = {name: fact for name, fact in asdict(machine).items() if name in VmRegistered.model_fields}
    return VmRegistered.model_validate(known | said)


class Reached(Protocol):
    """What it takes to sign in to a machine, whoever knows it; `credential` is ciphertext."""

    @property
    def name(self) -> str: ...
    @property
    def ssh_host(self) -> str: ...
    @property
    def ssh_port(self) -> int: ...
    @property
    def ssh_user(self) -> str: ...
    @property
    def host_key(self) -> str: ...
    @property
    def credential(self) -> str | None: ...


class MachineUsedError(CausedError):
    """The machine still carries the mark of a project: nobody has cleaned it since."""

    def __init__(self, name: str) -> None:
        text = f"{name} still carries the mark of a project that was on it"
        super().__init__(text, Cause.of("machine-used", name=name))
        self.name = name


@dataclass(frozen=True)
class Machines:
    store: EventStore
    prober: Prober
    addresses: Addresses
    vault: Vault

    async def register(self, new: NewMachine, context: Context) -> int:
        """Connect, pin the host key, sign in, and only then take the machine into the pool.

        Raises what ports.Prober and ports.Addresses raise, vm_errors.VmNameTakenError and
        system.ResetInProgressError.
        """
        known = (await load(self.store, vm.DECIDER, vm_id_of(new.name))).state
        if not isinstance(known, Unknown | Retired):
            repeated = new.request_id and known.machine.request_id == new.request_id
            if not repeated:
                raise vm_errors.VmNameTakenError(new.name)
            await refuse_during_reset(self.store)
            return await self.command(vm_id_of(new.name), vm_commands.Register(known.machine), context)
        host = await self.addresses.resolve(new.ssh_host or new.address)
        exporter = await self.addresses.resolve(new.address) if new.ssh_host else host
        host_key = await self.prober.host_key(host, new.ssh_port)
        login = Login(new.name, host, new.ssh_port, new.ssh_user, host_key, new.credential)
        by_certificate = await self.prober.log_in(login)
        facts = self._facts(new, login, exporter, by_certificate=by_certificate)
        return await self.register_reached(facts, context)

    def _facts(self, new: NewMachine, login: Login, exporter: str, *, by_certificate: bool) -> VmRegistered:
        return VmRegistered(
            name=new.name,
            address=new.address,
            ssh_host=login.host,
            ssh_port=new.ssh_port,
            ssh_user=new.ssh_user,
            exporter_host=exporter,
            exporter_port=new.exporter_port,
            provider="static",
            provider_ref=new.name,
            host_key=login.host_key,
            credential=self.sealed(new.name, new.credential),
            ssh_certificates=by_certificate,
            labels=new.labels,
            request_id=new.request_id,
            request_digest=new.request_digest,
        )

    async def register_reached(self, facts: VmRegistered, context: Context) -> int:
        """Sign in to a machine whose host key is known, note what belongs on it, and take it into the pool.

        Raises what ports.Prober raises, MachineUsedError, vm_errors.VmNameTakenError and
        system.ResetInProgressError.
        """
        await refuse_during_reset(self.store)
        if facts.baseline is None:
            found = await self.prober.survey(self.login(facts))
            if survey.marked(found):
                raise MachineUsedError(facts.name)
            facts = facts.model_copy(update={"baseline": list(survey.baseline_of(found))})
        return await self.command(vm_id_of(facts.name), vm_commands.Register(facts), context)

    async def command(self, vm_id: str, command: vm_commands.VmCommand, context: Context) -> int:
        """Decide a command that concerns this machine alone."""
        return await execute(self.store, [Decision(vm.DECIDER, vm_id, command)], context)

    async def recycle(self, vm_id: str, context: Context) -> int:
        await refuse_during_reset(self.store)
        return await self.command(vm_id, vm_commands.RecycleOnDemand(), context)

    async def return_to_pool(self, vm_id: str, context: Context) -> int:
        """End its maintenance, once it has been reached under its pinned host key."""
        machine = await self._known(vm_id)
        async with self._telling_of_other_keys(vm_id, context):
            await self.prober.log_in(self.login(machine))
        return await self.command(vm_id, vm_commands.EndMaintenance(), context)

    async def release_quarantine(self, vm_id: str, context: Context) -> int:
        """An operator vouches that it is clean: what is on it now belongs there. It must be reached under its
        pinned host key.
        """
        machine = await self._known(vm_id)
        async with self._telling_of_other_keys(vm_id, context):
            by_certificate = await self.prober.log_in(self.login(machine))
            found = await self.prober.survey(self.login(machine))
        baseline = survey.baseline_of(found)
        release = vm_commands.ReleaseQuarantine(baseline, ssh_certificates=by_certificate)
        return await self.command(vm_id, release, context)

    async def _known(self, vm_id: str) -> VmRegistered:
        known = (await load(self.store, vm.DECIDER, vm_id)).state
        if isinstance(known, Unknown | Retired):
            raise vm_errors.VmUnknownError
        return known.machine

    @asynccontextmanager
    async def _telling_of_other_keys(self, vm_id: str, context: Context) -> AsyncIterator[None]:
        try:
            yield
        except HostKeyMismatchError as mismatch:
            await self.command(vm_id, vm_commands.ReportHostKey(mismatch.presented), context)
            raise

    def login(self, machine: Reached) -> Login:
        """How to sign in to it. Raises CredentialRefusedError when nobody can read its credential any more."""
        credential, key = self.credential_of(machine), machine.host_key
        return Login(machine.name, machine.ssh_host, machine.ssh_port, machine.ssh_user, key, credential)

    def sealed(self, name: str, credential: str | None) -> str | None:
        """A credential in clear, for the machine of this name alone."""
        return None if credential is None else self.vault.seal(credential, binding_of(name))

    def credential_of(self, machine: Reached) -> str | None:
        """In clear. Raises CredentialRefusedError when nobody can read it any more."""
        if machine.credential is None:
            return None
        try:
            return self.vault.open(machine.credential, binding_of(machine.name))
        except UnreadableSecretError as unreadable:
            reason = f"what is stored cannot be read, {unreadable}; retire the machine and add it again"
            cause = Cause.of("credential-unreadable", user=machine.ssh_user)
            raise CredentialRefusedError(machine.ssh_user, reason, cause) from unreadable


async def refuse_during_reset(store: EventStore) -> None:
    """Raises system.ResetInProgressError."""
    if isinstance((await load(store, system.DECIDER, system.PLATFORM)).state, system.Resetting):
        raise system.ResetInProgressError
