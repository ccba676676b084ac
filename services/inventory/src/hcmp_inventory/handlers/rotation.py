"""Sealing every secret of the log that is still in use under the newest key, one event a secret.

That is also how bare tokens, of before secrets were bound to their rows, come to their present form.

It holds no state of its own: what is left to do is read from the log each time, so that it goes on wherever it was
killed (reliability.md, row 34). Which projects still need an older key can only be told: what a run was granted
stands in its job, and is over with its project.
"""

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field

from hcmp_contracts.allocation import AllocationGranted, AllocationReleased
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.settings import PLATFORM
from hcmp_contracts.vm import VM_CREDENTIAL, VmCredentialReencrypted, VmRegistered, VmRetired
from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.reader import last_sequence, read_batches
from hcmp_eventstore.recorded import Context, Recorded, read_recorded
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import EVENTS
from hcmp_inventory.domain import settings, vm, vm_commands
from hcmp_inventory.handlers.settings import VCENTER
from hcmp_webkit.vault import Binding, UnreadableSecretError, Vault

SUBJECTS = ("hcmp.allocation.*.*", "hcmp.vm.*.*")


@dataclass(frozen=True, slots=True)
class Outdated:
    """What is not sealed under the newest key: machines and projects by id. `unreadable` are machines (and
    `settings`) whose secret no key opens there.
    """

    machines: list[str]
    projects: list[str]
    settings: bool
    unreadable: list[str]


@dataclass(frozen=True, slots=True)
class _Stored:
    ciphertext: str
    binding: Binding

    @classmethod
    def of_machine(cls, vm_id: str, ciphertext: str) -> "_Stored":
        return cls(ciphertext, Binding(VM_CREDENTIAL, vm_id))


@dataclass
class _InUse:
    """Secrets of the log that somebody may still want to read."""

    machines: dict[str, _Stored] = field(default_factory=dict)
    projects: dict[str, list[_Stored]] = field(default_factory=dict)

    def hear(self, recorded: Recorded[DomainEvent]) -> None:
        aggregate_id = recorded.aggregate_id
        match recorded.event:
            case VmRegistered(credential=str(credential)) | VmCredentialReencrypted(credential=str(credential)):
                self.machines[aggregate_id] = _Stored.of_machine(aggregate_id, credential)
            case VmRegistered() | VmRetired():
                self.machines.pop(aggregate_id, None)
            case AllocationGranted(machines=machines):
                self.projects[aggregate_id] = [
                    _Stored.of_machine(one.vm_id, one.credential) for one in machines if one.credential is not None
                ]
            case AllocationReleased():
                self.projects.pop(aggregate_id, None)
            case _:
                pass


@dataclass(frozen=True)
class Rotation:
    store: EventStore
    vault: Vault

    async def outdated(self) -> Outdated:
        """What is left to do, as the log is now."""
        in_use, stored = await self._in_use(), await self._of_settings()
        secrets = in_use.machines | ({"settings": stored} if stored else {})
        return Outdated(
            machines=[vm_id for vm_id, secret in in_use.machines.items() if self._renewed(secret)],
            projects=[
                project for project, found in in_use.projects.items() if any(self._renewed(one) for one in found)
            ],
            settings=stored is not None and self._renewed(stored) is not None,
            unreadable=list(self._unreadable(secrets)),
        )

    async def reencrypt(self, context: Context) -> None:
        """Append an event with new ciphertext for each secret of a machine and of the settings that needs one."""
        for vm_id, former in (await self._in_use()).machines.items():
            if renewed := self._renewed(former):
                command = vm_commands.ReplaceCiphertext(former.ciphertext, renewed)
                await execute(self.store, [Decision(vm.DECIDER, vm_id, command)], context)
        stored = await self._of_settings()
        if stored and (renewed := self._renewed(stored)):
            change = settings.ReplaceCiphertext(stored.ciphertext, renewed)
            await execute(self.store, [Decision(settings.DECIDER, PLATFORM, change)], context)

    async def _of_settings(self) -> _Stored | None:
        password = (await load(self.store, settings.DECIDER, PLATFORM)).state.vcenter_password
        return _Stored(password, VCENTER) if password else None

    async def _in_use(self) -> _InUse:
        found, client = _InUse(), self.store.client
        end = await last_sequence(client, stream=EVENTS, subjects=SUBJECTS)
        if not end:
            return found
        async with aclosing(read_batches(client, stream=EVENTS, subjects=SUBJECTS, after=0)) as batches:
            async for batch in batches:
                for message in batch:
                    found.hear(read_recorded(*message))
                if batch[-1].sequence >= end:
                    break
        return found

    def _renewed(self, stored: _Stored) -> str | None:
        """None also when no key opens it: then no key has to stay for it."""
        try:
            return self.vault.renewed(stored.ciphertext, stored.binding)
        except UnreadableSecretError:
            return None

    def _unreadable(self, secrets: dict[str, _Stored]) -> Iterator[str]:
        for name, stored in secrets.items():
            try:
                self.vault.open(stored.ciphertext, stored.binding)
            except UnreadableSecretError:
                yield name
