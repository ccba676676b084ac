"""Machines out of the read model, as callers read them, once it stands for what they have just done."""

import re
from collections.abc import Sequence
from dataclasses import asdict

from hcmp_inventory.api.models import NAME, Drifted, Machine, PoolMachine
from hcmp_inventory.api.parts import Parts
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.projections.pool_queries import Cell, Row
from hcmp_webkit.identity import Principal
from hcmp_webkit.pages import decode_cursor, unknown_cursor
from hcmp_webkit.problems import Problem, not_found


def machine(row: Row) -> Machine:
    return Machine(id=row.vm_id, **asdict(row) | {"drift": _drift(row)})


def pool_machine(cell: Cell, reader: Principal) -> PoolMachine:
    """Operators see all of it; others see all of their own machines, and of the rest name and status."""
    if reader.is_operator or cell.owner_id == reader.account_id:
        return PoolMachine(id=cell.vm_id, **asdict(cell) | {"drift": _drift(cell)})
    nothing = dict.fromkeys(
        ("address", "provider", "project_id", "owner", "role", "reason", "causes", "drift", "labels")
    )
    return PoolMachine(id=cell.vm_id, name=cell.name, status=cell.status, **nothing)


def name_in(cursor: str | None) -> str | None:
    """The name that a page ended with. Raises Problem 422 `malformed-request`."""
    name = decode_cursor(cursor)
    if name is not None and not re.fullmatch(NAME, name):
        raise unknown_cursor()
    return name


def _drift(machine: Row | Cell) -> list[Drifted]:
    """The oldest change first."""
    changes = [Drifted.model_validate({"what": what, **seen}) for what, seen in machine.drift.items()]
    return sorted(changes, key=lambda change: change.at)


async def present(parts: Parts, vm_ids: Sequence[str], sequence: int) -> list[Machine]:
    """These machines as they are after the event `sequence`.

    Raises Problem 503 `read-model-behind` when the read model takes too long to get there.
    """
    await caught_up(parts, sequence)
    return [machine(row) for row in await pool_queries.some(parts.pool, vm_ids)]


async def present_one(parts: Parts, vm_id: str, sequence: int = 0) -> Machine:
    found = await present(parts, [vm_id], sequence)
    if not found:
        raise not_found()
    return found[0]


async def caught_up(parts: Parts, sequence: int) -> None:
    if not await parts.projector.wait_for(sequence):
        raise Problem(
            "read-model-behind",
            title="Done, but not shown yet",
            status=503,
            detail="What you asked for is done; the view of it is still catching up. Look again in a moment.",
            headers={"Retry-After": "2"},
        )
