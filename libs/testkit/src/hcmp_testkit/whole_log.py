"""What must hold of the event log of any installation, whatever was killed in it."""

from collections import Counter
from collections.abc import Iterable
from contextlib import aclosing

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProjectRequested, StepSucceeded
from hcmp_contracts.vm import (
    VmAssigned,
    VmQuarantined,
    VmRecycled,
    VmRegistered,
    VmReleased,
    VmReserved,
    VmRetired,
)
from hcmp_eventstore.connection import connect
from hcmp_eventstore.reader import last_sequence, read_batches
from hcmp_eventstore.recorded import Recorded, read_recorded
from hcmp_eventstore.streams import EVENTS

Log = list[Recorded[DomainEvent]]
EVERYTHING = ("hcmp.>",)


async def read_whole_log(url: str, *, user: str, password: str) -> Log:
    """Every event up to now."""
    log: Log = []
    async with connect(url, name="whole-log", user=user, password=password) as client:
        end = await last_sequence(client, stream=EVENTS, subjects=EVERYTHING)
        async with aclosing(read_batches(client, stream=EVENTS, subjects=EVERYTHING, after=0)) as batches:
            async for batch in batches:
                log += [read_recorded(*message) for message in batch]
                if log[-1].sequence >= end:
                    break
    return log


def violations(log: Iterable[Recorded[DomainEvent]]) -> list[str]:
    """Sentences about what happened twice or to two at once."""
    wrong: list[str] = []
    holders: dict[str, str] = {}
    once: Counter[str] = Counter()
    for recorded in log:
        vm_id, event = recorded.aggregate_id, recorded.event
        match event:
            case VmReserved(project_id=project_id):
                if holder := holders.get(vm_id):
                    wrong.append(f"machine {vm_id} was given to {project_id} while {holder} had it")
                holders[vm_id] = project_id
            case VmAssigned(project_id=project_id):
                if holders.get(vm_id) != project_id:
                    wrong.append(f"machine {vm_id} was assigned to {project_id}, which did not have it")
            case VmReleased() | VmQuarantined() | VmRecycled() | VmRetired():
                holders.pop(vm_id, None)
            case ProjectRequested():
                once[f"project {vm_id} was requested"] += 1
            case StepSucceeded(number=number):
                once[f"step {number} of project {vm_id} succeeded"] += 1
            case _:
                pass
    return wrong + [f"{sentence} {times} times" for sentence, times in once.items() if times > 1]


def machines(log: Iterable[Recorded[DomainEvent]]) -> int:
    """How many there are: registered and not retired."""
    kinds = Counter(type(recorded.event) for recorded in log)
    return kinds[VmRegistered] - kinds[VmRetired]
