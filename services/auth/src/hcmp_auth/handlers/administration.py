"""What an admin does to accounts."""

from collections.abc import Sequence
from dataclasses import dataclass

from hcmp_auth.domain.account import ACCOUNT, Active
from hcmp_auth.domain.account_commands import (
    AccountCommand,
    Approve,
    ChangeQuota,
    ChangeRole,
    ChangeRunQuota,
    Reactivate,
    RevokeSessions,
    Suspend,
)
from hcmp_auth.handlers.history import read_history
from hcmp_auth.ports import Administrators, Sessions
from hcmp_contracts.account import Role
from hcmp_eventstore.decider import Decision, execute
from hcmp_eventstore.projector import Projector
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore


@dataclass(frozen=True)
class Administration:
    """Each method raises AccountNotFoundError and what the decider refuses; afterwards the read model shows it."""

    store: EventStore
    projector: Projector
    sessions: Sessions
    administrators: Administrators

    async def approve(self, account_id: str, context: Context) -> None:
        await self._execute(account_id, [Approve()], context)

    async def reactivate(self, account_id: str, context: Context) -> None:
        await self._execute(account_id, [Reactivate()], context)

    async def suspend(self, account_id: str, reason: str, context: Context) -> None:
        """Its sessions end with the event; deleting them only makes room."""
        async with self.administrators.turn() as admins:
            others = await self._count_active(admins, besides=account_id)
            command = Suspend(reason=reason, other_active_admins=others)
            sequence = await self._execute(account_id, [command], context)
        await self.sessions.end_before(account_id, sequence)

    async def revoke_sessions(self, account_id: str, reason: str, context: Context) -> None:
        sequence = await self._execute(account_id, [RevokeSessions(reason=reason)], context)
        await self.sessions.end_before(account_id, sequence)

    async def amend(
        self,
        account_id: str,
        context: Context,
        *,
        role: Role | None,
        machine_quota: int | None,
        run_quota: int | None,
    ) -> None:
        """Change what is given, all or none."""
        commands: list[AccountCommand] = []
        if machine_quota is not None:
            commands.append(ChangeQuota(machine_quota=machine_quota))
        if run_quota is not None:
            commands.append(ChangeRunQuota(run_quota=run_quota))
        if role is None:
            await self._execute(account_id, commands, context)
            return
        async with self.administrators.turn() as admins:
            others = await self._count_active(admins, besides=account_id)
            commands.append(ChangeRole(role=role, other_active_admins=others))
            await self._execute(account_id, commands, context)

    async def _execute(self, account_id: str, commands: Sequence[AccountCommand], context: Context) -> int:
        sequence = await execute(self.store, [Decision(ACCOUNT, account_id, commands)], context)
        await self.projector.wait_for(sequence)
        return sequence

    async def _count_active(self, admins: Sequence[str], *, besides: str) -> int:
        """The read model names them; the log says whether each still is one."""
        states = [(await read_history(self.store, admin)).state for admin in admins if admin != besides]
        return sum(isinstance(state, Active) and state.details.role is Role.ADMIN for state in states)
