"""What the routes work with, and who may see which project: one's own; an operator, all."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Path
from starlette.requests import HTTPConnection

from hcmp_provisioner.domain.template import Approval
from hcmp_provisioner.handlers.projects import Projects
from hcmp_provisioner.live_log import LiveLog
from hcmp_provisioner.projections.project_view import ProjectView, project
from hcmp_webkit.identity import Caller, Principal
from hcmp_webkit.problems import not_found


def install(app: FastAPI, *, projects: Projects, live_log: LiveLog, approval: Approval, public_url: str) -> None:
    """Let the routes of `app` find what they work with."""
    app.state.projects = projects
    app.state.live_log = live_log
    app.state.approval = approval
    app.state.public_url = public_url


def _projects(connection: HTTPConnection) -> Projects:
    projects: Projects = connection.app.state.projects
    return projects


def _live_log(connection: HTTPConnection) -> LiveLog:
    live_log: LiveLog = connection.app.state.live_log
    return live_log


def _approval(connection: HTTPConnection) -> Approval:
    approval: Approval = connection.app.state.approval
    return approval


Write = Annotated[Projects, Depends(_projects)]
Log = Annotated[LiveLog, Depends(_live_log)]
Policy = Annotated[Approval, Depends(_approval)]


async def visible_to(caller: Principal, projects: Projects, project_id: UUID) -> ProjectView:
    """The project, when the caller may see it. Raises Problem 404 `not-found`, whether it exists or not."""
    view = await project(projects.pool, str(project_id))
    if view is None or not (caller.is_operator or view.owner_id == caller.account_id):
        raise not_found()
    return view


async def _visible(caller: Caller, projects: Write, project_id: Annotated[UUID, Path(alias="id")]) -> ProjectView:
    return await visible_to(caller, projects, project_id)


Visible = Annotated[ProjectView, Depends(_visible)]
