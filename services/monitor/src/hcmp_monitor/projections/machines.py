"""The machines that are there, in which situation they are, and whose."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from hcmp_contracts.account import AccountRegistered
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.system import FactoryResetRequested
from hcmp_contracts.vm import (
    VmAssigned,
    VmEvent,
    VmQuarantined,
    VmRecycled,
    VmRecycleStarted,
    VmRegistered,
    VmReleased,
    VmReserved,
    VmRetired,
)
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Recorded
from hcmp_monitor.domain.machine import MachineStatus, status_after


@dataclass(frozen=True)
class Machine:
    """One row of the list; `held_since` is when its project got it."""

    id: str
    name: str
    address: str
    status: str
    project_id: str | None
    owner: str | None
    held_since: datetime | None


class Machines(OneByOne):
    """A row a machine of the pool; a retired one has none. Usernames stand beside them, for their owners."""

    tables = """
        CREATE TABLE IF NOT EXISTS machines (
            vm_id text PRIMARY KEY,
            name text NOT NULL,
            address text NOT NULL,
            status text NOT NULL,
            project_id text,
            owner_id text,
            held_since timestamptz
        );
        CREATE INDEX IF NOT EXISTS machines_by_owner ON machines (owner_id);
        CREATE TABLE IF NOT EXISTS usernames (account_id text PRIMARY KEY, username text NOT NULL);
    """
    subjects = ("hcmp.vm.*.*", "hcmp.account.*.*", "hcmp.system.*.*")

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        event, subject = recorded.event, recorded.aggregate_id
        match event:
            case AccountRegistered():
                await cursor.execute(
                    "INSERT INTO usernames VALUES (%s, %s)"
                    " ON CONFLICT (account_id) DO UPDATE SET username = excluded.username",
                    [subject, event.username],
                )
            case FactoryResetRequested():
                await cursor.execute("DELETE FROM machines")
            case VmRetired():
                await cursor.execute("DELETE FROM machines WHERE vm_id = %s", [subject])
            case VmRegistered():
                await cursor.execute("DELETE FROM machines WHERE vm_id = %s", [subject])
                await cursor.execute(
                    "INSERT INTO machines (vm_id, name, address, status) VALUES (%s, %s, %s, %s)",
                    [subject, event.name, event.address, MachineStatus.AVAILABLE],
                )
            case _ if isinstance(event, VmEvent):
                await self._change(cursor, subject, event, recorded.envelope.time)
            case _:
                pass

    async def _change(self, cursor: Cursor, vm_id: str, event: VmEvent, at: datetime) -> None:
        if status := status_after(event):
            await cursor.execute("UPDATE machines SET status = %s WHERE vm_id = %s", [status, vm_id])
        match event:
            case VmReserved():
                await cursor.execute(
                    "UPDATE machines SET project_id = %s, owner_id = %s, held_since = %s WHERE vm_id = %s",
                    [event.project_id, event.owner_id, at, vm_id],
                )
            case VmAssigned():
                await cursor.execute(
                    "UPDATE machines SET project_id = %s WHERE vm_id = %s", [event.project_id, vm_id]
                )
            case VmReleased() | VmRecycleStarted() | VmQuarantined():
                await cursor.execute(
                    "UPDATE machines SET project_id = NULL, owner_id = NULL, held_since = NULL WHERE vm_id = %s",
                    [vm_id],
                )
            case VmRecycled():
                await cursor.execute("UPDATE machines SET address = %s WHERE vm_id = %s", [event.address, vm_id])
            case _:
                pass


_SELECT = """
    SELECT vm_id AS id, name, address, status, project_id, username AS owner, held_since
    FROM machines LEFT JOIN usernames ON account_id = owner_id
"""


async def machines(pool: Pool, *, owner_id: str | None) -> list[Machine]:
    """The machines of one account by name, or with None all of them."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Machine)) as cursor:
        if owner_id is None:
            await cursor.execute(f"{_SELECT} ORDER BY name")
        else:
            await cursor.execute(f"{_SELECT} WHERE owner_id = %s ORDER BY name", [owner_id])
        return await cursor.fetchall()


async def machine(pool: Pool, vm_id: str, *, owner_id: str | None) -> Machine | None:
    """One machine, if it is there and, with an owner, theirs."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Machine)) as cursor:
        await cursor.execute(
            f"{_SELECT} WHERE vm_id = %s AND (%s::text IS NULL OR owner_id = %s)", [vm_id, owner_id, owner_id]
        )
        return await cursor.fetchone()
