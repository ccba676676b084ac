"""The factory reset: asked for by an operator who proves to be one, and carried out to its end."""

from dataclasses import dataclass

from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import system
from hcmp_inventory.ports.services import Accounts


@dataclass(frozen=True)
class Resets:
    store: EventStore
    accounts: Accounts

    async def request(self, account_id: str, password: str, context: Context) -> int:
        """Raises what ports.services.Accounts raises."""
        await self.accounts.verify_password(account_id, password)
        return await self._command(system.RequestReset(), context)

    async def in_progress(self) -> bool:
        loaded = await load(self.store, system.DECIDER, system.PLATFORM)
        return isinstance(loaded.state, system.Resetting)

    async def complete(self, *, projects: int, machines: int, context: Context) -> int:
        return await self._command(system.CompleteReset(projects, machines), context)

    async def _command(self, command: system.SystemCommand, context: Context) -> int:
        return await execute(self.store, [Decision(system.DECIDER, system.PLATFORM, command)], context)
