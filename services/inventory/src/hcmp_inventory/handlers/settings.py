"""Reading and changing the platform's settings."""

from dataclasses import dataclass, replace

from hcmp_contracts.settings import PLATFORM, VCENTER_PASSWORD
from hcmp_eventstore.decider import Decision, load
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import settings
from hcmp_inventory.handlers.versioned import execute_on
from hcmp_webkit.vault import Binding, UnreadableSecretError, Vault

# What vCenter's password is bound to.
VCENTER = Binding(VCENTER_PASSWORD, PLATFORM)


@dataclass(frozen=True, slots=True)
class VersionedSettings:
    settings: settings.Settings
    version: int


@dataclass(frozen=True)
class PlatformSettings:
    store: EventStore
    vault: Vault

    async def read(self) -> VersionedSettings:
        loaded = await load(self.store, settings.DECIDER, PLATFORM)
        return VersionedSettings(loaded.state, loaded.version)

    async def change(self, change: settings.Change, *, seen: int | None, context: Context) -> int:
        """Change what is given; its password is in clear here. `seen` is the version that it is based on.

        Returns the sequence of the last event. Raises ChangedMeanwhileError.
        """
        current = await self.read()
        sealed = self._sealed(change, current.settings)
        return await execute_on(self.store, Decision(settings.DECIDER, PLATFORM, sealed), context, seen=seen)

    def _sealed(self, change: settings.Change, current: settings.Settings) -> settings.Change:
        """The same change with its password as ciphertext; one that is set already changes nothing."""
        password = change.vcenter_password
        if not password:
            return change
        same = self._is_stored(password, current.vcenter_password) and not settings.moves(change, current)
        return replace(change, vcenter_password=None if same else self.vault.seal(password, VCENTER))

    def _is_stored(self, password: str, stored: str) -> bool:
        """One that cannot be read any more is another one: so that it can be replaced."""
        try:
            return bool(stored) and self.vault.open(stored, VCENTER) == password
        except UnreadableSecretError:
            return False
