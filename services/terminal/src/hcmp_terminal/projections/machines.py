"""How each machine is reached, and whose it is."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import class_row

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.system import FactoryResetRequested
from hcmp_contracts.vm import (
    VmCredentialReencrypted,
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
from hcmp_terminal.domain.machine import Machine

_BY_ID = "SELECT * FROM machines WHERE vm_id = %s"
_BY_ADDRESS = "SELECT * FROM machines WHERE address = %s ORDER BY vm_id"


class Machines(OneByOne):
    """A row a machine of the pool; a retired one has none."""

    tables = """
        CREATE TABLE IF NOT EXISTS machines (
            vm_id text PRIMARY KEY,
            name text NOT NULL,
            address text NOT NULL,
            ssh_host text NOT NULL,
            ssh_port integer NOT NULL,
            ssh_user text NOT NULL,
            host_key text NOT NULL,
            credential text,
            ssh_certificates boolean NOT NULL,
            project_id text,
            owner_id text
        );
        CREATE INDEX IF NOT EXISTS machines_by_address ON machines (address);
    """
    subjects = ("hcmp.vm.*.*", "hcmp.system.*.*")

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        event, vm_id = recorded.event, recorded.aggregate_id
        match event:
            case VmRegistered():
                await self._register(cursor, vm_id, event)
            case VmReserved():
                await cursor.execute(
                    "UPDATE machines SET project_id = %s, owner_id = %s WHERE vm_id = %s",
                    [event.project_id, event.owner_id, vm_id],
                )
            case VmReleased() | VmRecycleStarted() | VmQuarantined():
                await cursor.execute(
                    "UPDATE machines SET project_id = NULL, owner_id = NULL WHERE vm_id = %s", [vm_id]
                )
            case VmRecycled():
                await cursor.execute(
                    "UPDATE machines SET address = %s, ssh_host = %s, ssh_port = %s, host_key = %s,"
                    " ssh_certificates = %s WHERE vm_id = %s",
                    [
                        event.address,
                        event.ssh_host,
                        event.ssh_port,
                        event.host_key,
                        event.ssh_certificates,
                        vm_id,
                    ],
                )
            case VmCredentialReencrypted():
                await cursor.execute(
                    "UPDATE machines SET credential = %s WHERE vm_id = %s", [event.credential, vm_id]
                )
            case VmRetired():
                await cursor.execute("DELETE FROM machines WHERE vm_id = %s", [vm_id])
            case FactoryResetRequested():
                await cursor.execute("DELETE FROM machines")
            case _:
                pass

    async def _register(self, cursor: Cursor, vm_id: str, event: VmRegistered) -> None:
        await cursor.execute("DELETE FROM machines WHERE vm_id = %s", [vm_id])
        await cursor.execute(
            "INSERT INTO machines (vm_id, name, address, ssh_host, ssh_port, ssh_user, host_key, credential,"
            " ssh_certificates) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                vm_id,
                event.name,
                event.address,
                event.ssh_host,
                event.ssh_port,
                event.ssh_user,
                event.host_key,
                event.credential,
                event.ssh_certificates,
            ],
        )


async def machines_called(pool: Pool, name: str) -> Sequence[Machine]:
    """The machines with this id or this address; an address may stand for several."""
    if not name.isprintable():
        return []  # no machine is called so, and the database takes no NUL
    query = _BY_ID if _is_id(name) else _BY_ADDRESS
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Machine)) as cursor:
        await cursor.execute(query, [name.lower()])
        return await cursor.fetchall()


async def machines_of(pool: Pool, vm_ids: Sequence[str]) -> dict[str, Machine]:
    """These machines by id, as far as they are there."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Machine)) as cursor:
        await cursor.execute("SELECT * FROM machines WHERE vm_id = ANY(%s)", [list(vm_ids)])
        return {machine.vm_id: machine for machine in await cursor.fetchall()}


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name.lower()
    except ValueError:
        return False
