"""Which of the open shells end when machines change hands."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from hcmp_eventstore.projector import Pool
from hcmp_terminal import reactors
from hcmp_terminal.domain.machine import Machine
from hcmp_terminal.reactors import LiveShells

MINE = Machine("vm-1", "lab-1", "10.0.0.1", "127.0.0.1", 22, "hcmp", "ssh-ed25519 AAAA", None, "p-1", "mina")
OTHER = replace(MINE, vm_id="vm-2", name="lab-2")
NO_POOL = cast(Pool, None)


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> dict[str, Machine]:
    """What the read model knows."""
    known = {MINE.vm_id: MINE, OTHER.vm_id: OTHER}

    async def machines_of(_: Any, vm_ids: Sequence[str]) -> dict[str, Machine]:
        answer = {vm_id: known[vm_id] for vm_id in vm_ids if vm_id in known}
        await asyncio.sleep(0)
        return answer

    monkeypatch.setattr(reactors, "machines_of", machines_of)
    return known


async def test_a_shell_ends_when_its_machine_is_gone_or_in_other_hands(machines: dict[str, Machine]) -> None:
    shells = LiveShells()
    with shells.holding("a", MINE) as mine, shells.holding("b", OTHER) as other:
        machines[MINE.vm_id] = replace(MINE, project_id="p-2")
        await shells.release(NO_POOL)
        assert (mine.released.is_set(), other.released.is_set()) == (True, False)
        del machines[OTHER.vm_id]
        await shells.release(NO_POOL)
        assert other.released.is_set()


@pytest.mark.usefixtures("machines")
async def test_a_shell_that_opens_while_the_machines_are_asked_for_lives() -> None:
    shells = LiveShells()
    with shells.holding("a", MINE):
        looking = asyncio.create_task(shells.release(NO_POOL))
        await asyncio.sleep(0)
        with shells.holding("b", OTHER) as opening:
            await looking
            assert not opening.released.is_set()
