"""Machines and their figures."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query

from hcmp_monitor.api.models import MachineHistory, MachineIdentity, MachineResources, Resources, Series
from hcmp_monitor.api.parts import Monitor, Parts
from hcmp_monitor.domain.figures import UNMEASURED, Figures, History, PrometheusDownError, Span, window
from hcmp_monitor.projections.machines import Machine, machine, machines
from hcmp_monitor.projections.prometheus_url import prometheus_url
from hcmp_webkit.identity import Caller, Principal
from hcmp_webkit.problems import not_found

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/api/monitoring", tags=["monitoring"])


@router.get("/my-resources")
async def my_resources(caller: Caller, monitor: Monitor) -> Resources:
    """One's own machines with their figures; for an operator all machines."""
    shown = await machines(monitor.pool, owner_id=_owner(caller))
    named = None if caller.is_operator else [row.id for row in shown]
    figures: dict[str, Figures] = {}
    try:
        if named != []:
            figures = await monitor.figures.now(await _url(monitor), named)
    except PrometheusDownError as error:
        log.warning("prometheus_down", reason=str(error))
        return Resources(prometheus="down", resources=[_resources(row, UNMEASURED) for row in shown])
    rows = [_resources(row, figures.get(row.id, UNMEASURED)) for row in shown]
    return Resources(prometheus="up", resources=rows)


@router.get("/vms/{id}/history")
async def machine_history(
    id: UUID,  # noqa: A002 - the name in the contract
    caller: Caller,
    monitor: Monitor,
    span: Annotated[Span, Query(alias="range")] = Span.HOUR,
) -> MachineHistory:
    """A machine's figures over a span, for charts; for its holder only of the time since they hold it."""
    row = await machine(monitor.pool, str(id), owner_id=_owner(caller))
    if row is None:
        raise not_found()
    not_before = None if caller.is_operator else row.held_since
    asked = window(span, now=monitor.clock(), not_before=not_before)
    history, up = History(), True
    try:
        if asked.start <= asked.end:
            history = await monitor.figures.history(await _url(monitor), row.id, asked)
    except PrometheusDownError as error:
        log.warning("prometheus_down", reason=str(error))
        up = False
    return MachineHistory(
        vm_id=row.id,
        range=span,
        step_seconds=int(asked.step.total_seconds()),
        prometheus="up" if up else "down",
        series=Series.model_validate(history, from_attributes=True),
    )


def _owner(caller: Principal) -> str | None:
    return None if caller.is_operator else caller.account_id


async def _url(monitor: Parts) -> str:
    return await prometheus_url(monitor.pool) or monitor.prometheus_url


def _resources(row: Machine, figures: Figures) -> MachineResources:
    return MachineResources(vm=MachineIdentity.model_validate(row, from_attributes=True), **vars(figures))
