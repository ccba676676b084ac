"""What the routes work with, and who may see which project: one's own; an operator, all."""

from dataclasses import dataclass
from datetime import timedelta
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


@dataclass(frozen=True)
class Rules:
    """What this installation's operators have settled: who is asked first, and how long a lease may last."""

    approval: Approval
    longest_lease: timedelta


def install(app: FastAPI, *, projects: Projects, live_log: LiveLog, rules: Rules, public_url: str) -> None:
    """Let the routes of `app` find what they work with."""
    app.state.projects = projects
    app.state.live_log = live_log
    app.state.rules = rules
    app.state.public_url = public_url


def _projects(connection: HTTPConnection) -> Projects:
    projects: Projects = connection.app.state.projects
    return projects


def _live_log(connection: HTTPConnection) -> LiveLog:
    live_log: LiveLog = connection.app.state.live_log
    return live_log


def _rules(connection: HTTPConnection) -> Rules:
    rules: Rules = connection.app.state.rules
    return rules


Write = Annotated[Projects, Depends(_projects)]
Log = Annotated[LiveLog, Depends(_live_log)]
Policy = Annotated[Rules, Depends(_rules)]


async def visible_to(caller: Principal, projects: Projects, project_id: UUID) -> ProjectView:
    """The project, when the caller may see it. Raises Problem 404 `not-found`, whether it exists or not."""
    view = await project(projects.pool, str(project_id))
    if view is None or not (caller.is_operator or view.owner_id == caller.account_id):
        raise not_found()
    return view


async def _visible(caller: Caller, projects: Write, project_id: Annotated[UUID, Path(alias="id")]) -> ProjectView:
    return await visible_to(caller, projects, project_id)


Visible = Annotated[ProjectView, Depends(_visible)]
