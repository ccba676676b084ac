"""The machines, one by one: operators only."""

from typing import Annotated, assert_never
from uuid import UUID

from fastapi import APIRouter, Query, Request

from hcmp_inventory.api.answers import machine, name_in, present, present_one
from hcmp_inventory.api.import_models import ImportBody, LabImport, VsphereClones, VsphereImport
from hcmp_inventory.api.models import (
    ImportedMachines,
    LabelsBody,
    Machine,
    MachinePage,
    MaintenanceBody,
    NewMachineBody,
    StaticImport,
)
from hcmp_inventory.api.parts import Inventory
from hcmp_inventory.api.repeats import Once, Repeat
from hcmp_inventory.api.static_lists import new_machine, take_list
from hcmp_inventory.domain import vm_commands
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.domain.vm_situations import VmStatus
from hcmp_inventory.handlers.adoption import Adoption
from hcmp_inventory.handlers.imports import Import
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.handlers.vcenter import SSH_USER
from hcmp_inventory.ports.hypervisor import CloneDefaults, Filter
from hcmp_inventory.projections import pool_queries
from hcmp_webkit.identity import Operator, context
from hcmp_webkit.pages import Cursor, Limit, encode_cursor

router = APIRouter(prefix="/api/vms", tags=["machines"])

Status = Annotated[VmStatus | None, Query(description="only machines of this status; retired ones only by this")]


@router.get("")
async def list_vms(
    _: Operator, inventory: Inventory, *, limit: Limit = 100, cursor: Cursor = None, status: Status = None
) -> MachinePage:
    """The machines by name, in pages."""
    rows = await pool_queries.page(inventory.pool, status=status, after=name_in(cursor), limit=limit + 1)
    following = encode_cursor(rows[limit - 1].name) if len(rows) > limit else None
    return MachinePage(vms=[machine(row) for row in rows[:limit]], next_cursor=following)


@router.post("", status_code=201)
async def register_vm(
    caller: Operator, request: Request, inventory: Inventory, body: NewMachineBody, repeat: Repeat
) -> Machine:
    """Add a machine by hand: connects, pins its host key, signs in, and refuses it when one of these fails."""
    once = await repeat.identified(caller, body)
    new = new_machine(body, once)
    sequence = await inventory.machines.register(new, context(caller, request))
    return await present_one(inventory, vm_id_of(new.name), sequence)


@router.post("/import", status_code=201)
async def import_vms(
    caller: Operator, request: Request, inventory: Inventory, body: ImportBody, repeat: Repeat
) -> ImportedMachines:
    """Fill the pool: with lab machines (lab-01 …), clones of a template (vm-01 …), machines that vCenter has, or
    those of a list.

    Answers when all of them can be reached. Under the same Idempotency-Key a repeated request makes only what
    is missing. A machine of vCenter that cannot be taken is named in `failures` and stops none of the others; a
    row of a list that cannot be taken is among `failed_rows`, with its number and the reason. Causes say the
    reasons by slugs and facts.
    """
    once = await repeat.identified(caller, body)
    why = context(caller, request)
    match body:
        case LabImport():
            lab = Import(body.provider, body.count, request_id=once.id, request_digest=once.digest)
            vm_ids, sequence = await inventory.imports.run(lab, why)
            return ImportedMachines(vms=await present(inventory, vm_ids, sequence))
        case VsphereClones():
            vm_ids, sequence = await inventory.imports.run(_clones(inventory, body, once), why)
            return ImportedMachines(vms=await present(inventory, vm_ids, sequence))
        case VsphereImport():
            adopted = await inventory.adoptions.run(await _adoption(inventory, body, once), why)
            shown = await present(inventory, adopted.vm_ids, adopted.sequence)
            return ImportedMachines(
                vms=shown,
                failures={name: why.text for name, why in adopted.failures.items()},
                failure_causes={name: list(why.causes) for name, why in adopted.failures.items()},
            )
        case StaticImport():
            return await take_list(inventory, body, once, why)
        case _:
            assert_never(body)


@router.get("/{id}")
async def get_vm(_: Operator, inventory: Inventory, id: UUID) -> Machine:  # noqa: A002 - the contract's name
    return await present_one(inventory, str(id))


@router.patch("/{id}")
async def change_vm(
    caller: Operator,
    request: Request,
    inventory: Inventory,
    id: UUID,  # noqa: A002
    body: LabelsBody,
) -> Machine:
    """Replace its labels."""
    return await _command(caller, request, inventory, id, vm_commands.ChangeLabels(body.labels))


@router.delete("/{id}", status_code=204)
async def retire_vm(caller: Operator, request: Request, inventory: Inventory, id: UUID) -> None:  # noqa: A002
    """Take it out of the pool for good; a machine that a provider made is destroyed."""
    retire = vm_commands.Retire(Reason.of("retired by an operator", "retired-by-operator"))
    await _command(caller, request, inventory, id, retire)


@router.post("/{id}/maintenance")
async def start_maintenance(
    caller: Operator,
    request: Request,
    inventory: Inventory,
    id: UUID,  # noqa: A002
    body: MaintenanceBody,
) -> Machine:
    """Keep it out of the pool until it is returned."""
    return await _command(caller, request, inventory, id, vm_commands.StartMaintenance(body.reason))


@router.post("/{id}/return")
async def return_vm(caller: Operator, request: Request, inventory: Inventory, id: UUID) -> Machine:  # noqa: A002
    """End its maintenance, once it answers under its pinned host key."""
    sequence = await inventory.machines.return_to_pool(str(id), context(caller, request))
    return await present_one(inventory, str(id), sequence)


@router.post("/{id}/recycle", status_code=202)
async def recycle_vm(caller: Operator, request: Request, inventory: Inventory, id: UUID) -> Machine:  # noqa: A002
    """Make it new: everything on it is lost. It is available again under a new host key."""
    sequence = await inventory.machines.recycle(str(id), context(caller, request))
    return await present_one(inventory, str(id), sequence)


@router.post("/{id}/release-quarantine")
async def release_quarantine(
    caller: Operator,
    request: Request,
    inventory: Inventory,
    id: UUID,  # noqa: A002
) -> Machine:
    """Vouch that it is clean: it is available again, if it answers under its pinned host key."""
    sequence = await inventory.machines.release_quarantine(str(id), context(caller, request))
    return await present_one(inventory, str(id), sequence)


def _clones(inventory: Inventory, body: VsphereClones, once: Once) -> Import:
    wanted = CloneDefaults(
        **body.model_dump(exclude={"provider", "count", "labels", "ssh_user"}), ssh_user=body.ssh_user or ""
    )
    return Import(
        body.provider,
        body.count,
        request_id=once.id,
        request_digest=once.digest,
        labels=body.labels,
        maker=inventory.vcenter.cloning(wanted),
    )


async def _adoption(inventory: Inventory, body: VsphereImport, once: Once) -> Adoption:
    stored = (await inventory.settings.read()).settings
    return Adoption(
        chosen=Filter(body.folder, body.tag, body.name_pattern, tuple(body.machines)),
        ssh_user=body.ssh_user or stored.texts["vcenter_ssh_user"] or SSH_USER,
        ssh_port=body.ssh_port,
        exporter_port=body.exporter_port,
        credential=body.credential.get_secret_value() if body.credential else None,
        labels=body.labels,
        request_id=once.id,
        request_digest=once.digest,
    )


async def _command(
    caller: Operator, request: Request, inventory: Inventory, vm_id: UUID, command: vm_commands.VmCommand
) -> Machine:
    sequence = await inventory.machines.command(str(vm_id), command, context(caller, request))
    return await present_one(inventory, str(vm_id), sequence)
