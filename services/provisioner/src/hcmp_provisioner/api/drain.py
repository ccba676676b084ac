"""Draining: what still runs once nothing new begins, and waiting until nothing does. Operators only."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from hcmp_provisioner.api.access import Write
from hcmp_provisioner.projections.maintenance import maintenance
from hcmp_provisioner.projections.project_view import Running, running
from hcmp_webkit.identity import Operator

router = APIRouter(tags=["maintenance"])

LONGEST_WAIT_SECONDS = 25
Wait = Annotated[
    int, Query(ge=0, le=LONGEST_WAIT_SECONDS, description="answer when nothing runs, or after so many seconds")
]


class RunningProject(BaseModel):
    id: str
    name: str
    owner: str
    template: str
    status: str


class DrainAnswer(BaseModel):
    """`drained`: the platform is under maintenance and nothing runs, so that nothing is interrupted by a stop."""

    maintenance_mode: bool
    drained: bool
    running: list[RunningProject]


@router.get("/api/platform/drain")
async def read_drain(_: Operator, projects: Write, wait: Wait = 0) -> DrainAnswer:
    """What runs still. Maintenance mode (PUT /api/admin/settings) lets nothing begin, this waits for the rest."""

    async def ended() -> list[Running] | None:
        left = await running(projects.pool)
        return None if left else left

    left = await projects.projector.watch(ended, wait) if wait else None
    if left is None:
        left = await running(projects.pool)
    enabled = (await maintenance(projects.pool)).enabled
    return DrainAnswer(
        maintenance_mode=enabled,
        drained=enabled and not left,
        running=[RunningProject.model_validate(one, from_attributes=True) for one in left],
    )
