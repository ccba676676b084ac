"""The factory reset: asked for by an operator who proves to be one, and carried out to its end."""

from collections.abc import Mapping
from dataclasses import dataclass

from hcmp_contracts.system import MachinesChoice
from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import system
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.ports.services import Accounts, Backups


@dataclass(frozen=True)
class Resets:
    store: EventStore
    accounts: Accounts
    backups: Backups

    async def request(
        self, account_id: str, password: str, machines: MachinesChoice, context: Context
    ) -> str | None:
        """Where the reset that now goes on has its backup. It is taken before the reset is asked for: so nothing
        is destroyed if it cannot be, and what it holds does not reset itself once it is restored.

        Raises what ports.services.Accounts and Backups raise.
        """
        await self.accounts.verify_password(account_id, password)
        state = await self._state()
        if not isinstance(state, system.Resetting):
            await self._command(system.RequestReset(await self.backups.take(), machines), context)
            state = await self._state()
        return state.backup if isinstance(state, system.Resetting) else None

    async def in_progress(self) -> bool:
        return isinstance(await self._state(), system.Resetting)

    async def complete(
        self, *, projects: int, machines: int, unclean: Mapping[str, Reason], context: Context
    ) -> int:
        """`unclean`: why machines could not be cleaned, by their names."""
        return await self._command(system.CompleteReset(projects, machines, unclean), context)

    async def _state(self) -> system.System:
        return (await load(self.store, system.DECIDER, system.PLATFORM)).state

    async def _command(self, command: system.SystemCommand, context: Context) -> int:
        return await execute(self.store, [Decision(system.DECIDER, system.PLATFORM, command)], context)
