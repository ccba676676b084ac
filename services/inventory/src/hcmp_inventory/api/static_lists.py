"""From what a caller says of machines that were added by hand to what the pool makes of it."""

import asyncio

from hcmp_eventstore.recorded import Context
from hcmp_inventory.api.answers import present
from hcmp_inventory.api.errors import ERRORS
from hcmp_inventory.api.machine_lists import UnreadableListError, rows
from hcmp_inventory.api.models import FailedRow, ImportedMachines, NewMachineBody, StaticImport
from hcmp_inventory.api.parts import Parts
from hcmp_inventory.api.repeats import Once
from hcmp_inventory.handlers.machines import NewMachine
from hcmp_webkit.problems import Problem


def new_machine(body: NewMachineBody, once: Once) -> NewMachine:
    return NewMachine(
        **body.model_dump(exclude={"credential", "certificate"}),
        credential=body.secret(),
        request_id=once.id,
        request_digest=once.digest,
    )


async def take_list(parts: Parts, body: StaticImport, once: Once, context: Context) -> ImportedMachines:
    """Take what stands in the list. Raises Problem 422 `unreadable-list`."""
    try:
        read = await asyncio.to_thread(rows, body.content.get_secret_value(), body.format)
    except UnreadableListError as error:
        raise Problem("unreadable-list", title="The list cannot be read", status=422, detail=str(error)) from error
    wanted = {row.number: new_machine(row.machine, once) for row in read if row.machine is not None}
    failed = [
        FailedRow(row=row.number, name=row.name, type="malformed-row", detail=row.reason, causes=list(row.causes))
        for row in read
        if row.machine is None
    ]
    taken = await parts.static_imports.run(list(wanted.values()), context)
    number_of = {new.name: number for number, new in wanted.items()}
    failed += [_failed(number_of[new.name], new, error) for new, error in taken.failures]
    shown = await present(parts, taken.vm_ids, taken.sequence)
    return ImportedMachines(vms=shown, failed_rows=sorted(failed, key=lambda row: row.row))


def _failed(number: int, new: NewMachine, error: Exception) -> FailedRow:
    """The row in the words that a request for this machine alone would have been answered in."""
    problem = ERRORS[type(error)](error).document()
    told = {name: problem[name] for name in ("type", "detail", "causes")}
    return FailedRow(row=number, name=new.name, **told)
