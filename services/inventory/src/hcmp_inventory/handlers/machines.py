"""Commands for one machine of the pool."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from hcmp_contracts.vm import VmRegistered
from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import system, vm, vm_commands, vm_errors
from hcmp_inventory.domain.vm_situations import Retired, Unknown
from hcmp_inventory.ports.connections import (
    Addresses,
    CredentialRefusedError,
    HostKeyMismatchError,
    Login,
    Prober,
)
from hcmp_inventory.ports.services import UnreadableSecretError, Vault

MACHINES = UUID("0c0f2d5e-3c1b-5a55-9a0c-9f8c2f7f6b21")


def vm_id_of(name: str) -> str:
    """A machine's id follows from its name, so that the log itself keeps names unique."""
    return str(uuid5(MACHINES, name))


@dataclass(frozen=True, slots=True)
class NewMachine:
    """A machine that an operator adds by hand; `credential` is in clear."""

    name: str
    address: str
    ssh_port: int
    ssh_user: str
    exporter_port: int
    credential: str | None
    labels: dict[str, str]
    request_id: str = ""
    request_digest: str = ""


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
            return await self.register_reached(known.machine, context)
        host = await self.addresses.resolve(new.address)
        host_key = await self.prober.host_key(host, new.ssh_port)
        login = Login(new.name, host, new.ssh_port, new.ssh_user, host_key, new.credential)
        by_certificate = await self.prober.log_in(login)
        return await self.register_reached(self._facts(new, login, by_certificate=by_certificate), context)

    def _facts(self, new: NewMachine, login: Login, *, by_certificate: bool) -> VmRegistered:
        return VmRegistered(
            name=new.name,
            address=new.address,
            ssh_host=login.host,
            ssh_port=new.ssh_port,
            ssh_user=new.ssh_user,
            exporter_host=login.host,
            exporter_port=new.exporter_port,
            provider="static",
            provider_ref=new.name,
            host_key=login.host_key,
            credential=None if new.credential is None else self.vault.encrypt(new.credential),
            ssh_certificates=by_certificate,
            labels=new.labels,
            request_id=new.request_id,
            request_digest=new.request_digest,
        )

    async def register_reached(self, facts: VmRegistered, context: Context) -> int:
        """Take a machine into the pool that was reached already."""
        await refuse_during_reset(self.store)
        return await self.command(vm_id_of(facts.name), vm_commands.Register(facts), context)

    async def command(self, vm_id: str, command: vm_commands.VmCommand, context: Context) -> int:
        """Decide a command that concerns this machine alone."""
        return await execute(self.store, [Decision(vm.DECIDER, vm_id, command)], context)

    async def recycle(self, vm_id: str, context: Context) -> int:
        await refuse_during_reset(self.store)
        return await self.command(vm_id, vm_commands.RecycleOnDemand(), context)

    async def return_to_pool(self, vm_id: str, context: Context) -> int:
        """End its maintenance, once it has been reached under its pinned host key."""
        await self._reach(vm_id, context)
        return await self.command(vm_id, vm_commands.EndMaintenance(), context)

    async def release_quarantine(self, vm_id: str, context: Context) -> int:
        """An operator vouches that it is clean; it must be reached under its pinned host key."""
        by_certificate = await self._reach(vm_id, context)
        return await self.command(vm_id, vm_commands.ReleaseQuarantine(ssh_certificates=by_certificate), context)

    async def _reach(self, vm_id: str, context: Context) -> bool:
        """Sign in; whether a certificate opens the machine."""
        known = (await load(self.store, vm.DECIDER, vm_id)).state
        if isinstance(known, Unknown | Retired):
            raise vm_errors.VmUnknownError
        machine = known.machine
        host_key, credential = machine.host_key, self.credential_of(machine)
        login = Login(machine.name, machine.ssh_host, machine.ssh_port, machine.ssh_user, host_key, credential)
        try:
            return await self.prober.log_in(login)
        except HostKeyMismatchError as mismatch:
            await self.command(vm_id, vm_commands.ReportHostKey(mismatch.presented), context)
            raise

    def credential_of(self, machine: VmRegistered) -> str | None:
        """In clear. Raises CredentialRefusedError when nobody can read it any more."""
        if machine.credential is None:
            return None
        try:
            return self.vault.decrypt(machine.credential)
        except UnreadableSecretError as unreadable:
            reason = "what is stored was encrypted under another key; retire the machine and add it again"
            raise CredentialRefusedError(machine.ssh_user, reason) from unreadable


async def refuse_during_reset(store: EventStore) -> None:
    """Raises system.ResetInProgressError."""
    if isinstance((await load(store, system.DECIDER, system.PLATFORM)).state, system.Resetting):
        raise system.ResetInProgressError
