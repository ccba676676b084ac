"""The platform's settings and its factory reset: operators only."""

from fastapi import APIRouter, Request, Response

from hcmp_inventory.api.answers import caught_up
from hcmp_inventory.api.models import ResetAccepted, ResetBody
from hcmp_inventory.api.parts import Inventory
from hcmp_inventory.api.settings_models import (
    SettingsAnswer,
    SettingsBody,
    VcenterBody,
    VcenterServer,
    VcenterTest,
)
from hcmp_inventory.api.versions import Seen, etag
from hcmp_inventory.domain.settings import TEXTS, Change
from hcmp_inventory.ports.hypervisor import VcenterError
from hcmp_webkit.identity import Operator, context

router = APIRouter(prefix="/api/admin", tags=["administration"])


@router.get("/settings")
async def get_settings(_: Operator, inventory: Inventory, response: Response) -> SettingsAnswer:
    """The settings, with their version as ETag. Secrets are not among them."""
    current = await inventory.settings.read()
    response.headers["ETag"] = etag(current.version)
    return SettingsAnswer.of(current.settings)


@router.put("/settings")
async def put_settings(
    caller: Operator,
    request: Request,
    inventory: Inventory,
    response: Response,
    body: SettingsBody,
    seen: Seen,
) -> SettingsAnswer:
    """Change what is given. With If-Match only if nobody has changed the settings since: otherwise 412."""
    texts = body.model_dump(include=set(TEXTS), exclude_none=True)
    password = body.vcenter_password.get_secret_value() if body.vcenter_password is not None else None
    change = Change(texts=texts, vcenter_password=password, maintenance_mode=body.maintenance_mode)
    sequence = await inventory.settings.change(change, seen=seen, context=context(caller, request))
    await caught_up(inventory, sequence)
    return await get_settings(caller, inventory, response)


@router.post("/settings/test-vcenter")
async def try_vcenter(_: Operator, inventory: Inventory, body: VcenterBody) -> VcenterTest:
    """Connect to vCenter or the ESXi host, sign in, and look for the datacenter and the permissions: with what is
    given here, and what is stored for the rest. Nothing is changed. The stored password is sent to no other
    server than the stored one.
    """
    texts = body.model_dump(include=set(TEXTS), exclude_none=True)
    password = body.vcenter_password.get_secret_value() if body.vcenter_password is not None else None
    change = Change(texts=texts, vcenter_password=password)
    try:
        server = await inventory.vcenter_settings.test(inventory.vcenter, change)
    except VcenterError as error:
        return VcenterTest(ok=False, detail=str(error), slug=error.slug, causes=list(error.causes))
    detail = f"{server.name} {server.version} answers, and permits what is needed."
    return VcenterTest(ok=True, detail=detail, server=VcenterServer(name=server.name, version=server.version))


@router.post("/reset", status_code=202)
async def reset(caller: Operator, request: Request, inventory: Inventory, body: ResetBody) -> ResetAccepted:
    """Take a backup, then begin the factory reset: runs stop; projects, machines, logs and recordings go;
    accounts stay. The machines are made by their providers as if they had never been used, or cleaned where they
    were added by hand (`recycle`), or left as they are (`forget`). What could not be cleaned is told at the end.
    """
    password = body.password.get_secret_value()
    backup = await inventory.resets.request(caller.account_id, password, body.machines, context(caller, request))
    return ResetAccepted(backup=backup)
