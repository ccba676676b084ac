"""The pool at a glance, and the machines as Prometheus wants them."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime

from hcmp_inventory.api.answers import name_in, pool_machine
from hcmp_inventory.api.models import MaintenanceNotice, PoolAnswer, PoolCounts, TargetGroup
from hcmp_inventory.api.parts import Inventory
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.projections.maintenance import maintenance
from hcmp_webkit.identity import Caller, bearer, unauthorized
from hcmp_webkit.pages import Cursor, Limit, encode_cursor

router = APIRouter(prefix="/api", tags=["pool"])

At = Annotated[AwareDatetime | None, Query(description="the pool as it was at this time")]


@router.get("/pool")
async def get_pool(
    caller: Caller, inventory: Inventory, *, at: At = None, limit: Limit = 500, cursor: Cursor = None
) -> PoolAnswer:
    """How many machines are in each state, and each machine with its status, by name, in pages.

    Operators see whose it is and why; others see that of their own machines only.
    """
    cells = await pool_queries.cells(inventory.pool, at, after=name_in(cursor), limit=limit + 1)
    notice = await maintenance(inventory.pool)
    return PoolAnswer(
        counts=PoolCounts.model_validate(await pool_queries.counts(inventory.pool, at)),
        vms=[pool_machine(cell, caller) for cell in cells[:limit]],
        next_cursor=encode_cursor(cells[limit - 1].name) if len(cells) > limit else None,
        maintenance=MaintenanceNotice(enabled=notice.enabled, message=notice.message),
    )


@router.get("/prometheus-sd")
async def prometheus_sd(request: Request, inventory: Inventory) -> list[TargetGroup]:
    """What Prometheus scrapes (http_sd): each machine's exporter, and the services. Needs the token of its own."""
    token = bearer(request) or ""
    if not hmac.compare_digest(token.encode(), inventory.sd_token.get_secret_value().encode()):
        raise unauthorized("This needs the token of the service discovery.")
    groups = [
        TargetGroup(
            targets=[_endpoint(target.exporter_host, target.exporter_port)],
            labels={"job": "node", "vm_id": target.vm_id, "vm_name": target.name},
        )
        for target in await pool_queries.targets(inventory.pool)
    ]
    if inventory.metrics_targets:
        groups.append(TargetGroup(targets=list(inventory.metrics_targets), labels={"job": "hcmp"}))
    return groups


def _endpoint(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
