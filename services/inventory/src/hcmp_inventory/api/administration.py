"""The platform's settings and its factory reset: operators only."""

import re
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from hcmp_inventory.api.answers import caught_up
from hcmp_inventory.api.models import ResetAccepted, ResetBody
from hcmp_inventory.api.parts import Inventory
from hcmp_inventory.api.settings_models import SettingsAnswer, SettingsBody
from hcmp_inventory.domain.settings import TEXTS, Change
from hcmp_inventory.handlers.settings import SettingsChangedMeanwhileError
from hcmp_webkit.identity import Operator, context

router = APIRouter(prefix="/api/admin", tags=["administration"])

_ETAG = re.compile(r'^"([0-9]{1,18})"$')
IfMatch = Annotated[str | None, Header(max_length=200, description="the ETag that the change is based on")]


@router.get("/settings")
async def get_settings(_: Operator, inventory: Inventory, response: Response) -> SettingsAnswer:
    """The settings, with their version as ETag. Secrets are not among them."""
    current = await inventory.settings.read()
    response.headers["ETag"] = f'"{current.version}"'
    return SettingsAnswer.of(current.settings)


@router.put("/settings")
async def put_settings(
    caller: Operator,
    request: Request,
    inventory: Inventory,
    response: Response,
    body: SettingsBody,
    if_match: IfMatch = None,
) -> SettingsAnswer:
    """Change what is given. With If-Match only if nobody has changed the settings since: otherwise 412."""
    texts = body.model_dump(include=set(TEXTS), exclude_none=True)
    password = body.vcenter_password.get_secret_value() if body.vcenter_password is not None else None
    change = Change(texts=texts, vcenter_password=password, maintenance_mode=body.maintenance_mode)
    sequence = await inventory.settings.change(change, seen=_version(if_match), context=context(caller, request))
    await caught_up(inventory, sequence)
    return await get_settings(caller, inventory, response)


@router.post("/reset", status_code=202)
async def reset(caller: Operator, request: Request, inventory: Inventory, body: ResetBody) -> ResetAccepted:
    """Take a backup, then begin the factory reset: runs stop; projects, machines, logs and recordings go;
    accounts stay.
    """
    password = body.password.get_secret_value()
    backup = await inventory.resets.request(caller.account_id, password, context(caller, request))
    return ResetAccepted(backup=backup)


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.match(if_match.strip())
    if match is None:
        raise SettingsChangedMeanwhileError
    return int(match.group(1))
