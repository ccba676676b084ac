"""Routes of projects: look at them, cancel, extend, delete."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime

from hcmp_eventstore.store import utc_now
from hcmp_provisioner.api.access import Policy, Visible, Write
from hcmp_provisioner.api.history import history
from hcmp_provisioner.api.models import (
    ChangeAnswer,
    EventsAnswer,
    LeaseAnswer,
    LeaseBody,
    ProjectAnswer,
    ProjectsAnswer,
    QuotaAnswer,
    RefusalBody,
    Status,
)
from hcmp_provisioner.domain.commands import ExtendLease, Refuse
from hcmp_provisioner.handlers.projects import Projects
from hcmp_provisioner.projections.accounts import usage
from hcmp_provisioner.projections.explained import as_it_was, explained
from hcmp_provisioner.projections.project_view import Listing, ProjectView, project
from hcmp_provisioner.projections.project_view import projects as page_of
from hcmp_webkit.identity import Caller, Member, Operator, context
from hcmp_webkit.pages import Cursor, Limit, decode_cursor, encode_cursor, unknown_cursor
from hcmp_webkit.problems import not_found

router = APIRouter(tags=["projects"])


@router.get("/api/projects")
async def list_projects(
    caller: Caller,
    projects: Write,
    limit: Limit = 50,
    cursor: Cursor = None,
    status: Annotated[Status | None, Query()] = None,
    waiting_for: Annotated[Literal["approval"] | None, Query()] = None,
) -> ProjectsAnswer:
    """One's own projects, newest first; an operator sees everyone's. Deleted ones only by `status=deleted`; with
    `waiting_for=approval` those that an operator has to approve.
    """
    listing = Listing(
        limit=limit + 1,
        behind=_position(cursor),
        owner_id=None if caller.is_operator else caller.account_id,
        status=status,
        gate=waiting_for,
    )
    found = await page_of(projects.pool, listing)
    more = len(found) > limit
    page = found[:limit]
    return ProjectsAnswer(
        projects=[ProjectAnswer.of(one) for one in await explained(projects.pool, page, utc_now())],
        next_cursor=encode_cursor(str(page[-1].sequence)) if more else None,
    )


@router.get("/api/projects/{id}")
async def read_project(view: Visible, projects: Write, at: AwareDatetime | None = None) -> ProjectAnswer:
    """A project as it is, or as it was `at` a time."""
    if at is not None:
        return ProjectAnswer.of(as_it_was(await _read(projects, view.id, at=at), at))
    [one] = await explained(projects.pool, [view], utc_now())
    return ProjectAnswer.of(one)


@router.get("/api/projects/{id}/quota")
async def read_owners_quota(view: Visible, projects: Write) -> QuotaAnswer:
    """What the project's owner may use and uses: what an operator wants to know before approving it."""
    return QuotaAnswer.of(await usage(projects.pool, view.owner_id))


@router.get("/api/quota")
async def read_own_quota(caller: Caller, projects: Write) -> QuotaAnswer:
    """What the caller may use at once, and uses."""
    return QuotaAnswer.of(await usage(projects.pool, caller.account_id))


@router.post("/api/projects/{id}/approve", status_code=202)
async def approve_project(view: Visible, request: Request, caller: Operator, projects: Write) -> ChangeAnswer:
    """Agree to a request that waits for approval; it goes on as soon as quota and machines suffice."""
    await projects.approve(view.id, context(caller, request))
    return ChangeAnswer.of(await _read(projects, view.id))


@router.post("/api/projects/{id}/reject", status_code=202)
async def reject_project(
    view: Visible, body: RefusalBody, request: Request, caller: Operator, projects: Write
) -> ChangeAnswer:
    """Refuse a request that waits for approval, and tell its owner why."""
    await projects.refuse(view.id, Refuse(body.reason), context(caller, request))
    return ChangeAnswer.of(await _read(projects, view.id))


@router.post("/api/projects/{id}/cancel", status_code=202)
async def cancel_project(view: Visible, request: Request, caller: Member, projects: Write) -> ChangeAnswer:
    """Stop a run. Its machines go back to the pool and are cleaned."""
    await projects.cancel(view.id, context(caller, request))
    return ChangeAnswer.of(await _read(projects, view.id))


@router.patch("/api/projects/{id}/lease", status_code=202)
async def extend_lease(
    view: Visible, body: LeaseBody, request: Request, caller: Member, projects: Write, policy: Policy
) -> LeaseAnswer:
    """Keep a project longer: by so many days from the end of its lease, or from now when it has none. Not beyond
    the latest time that the platform allows (409 `lease-limit`, with `latest`).
    """
    command = ExtendLease(days=body.days, now=utc_now(), longest=policy.longest_lease)
    await projects.extend_lease(view.id, command, context(caller, request))
    return LeaseAnswer.of(await _read(projects, view.id))


@router.delete("/api/projects/{id}", status_code=202)
async def delete_project(view: Visible, request: Request, caller: Member, projects: Write) -> ChangeAnswer:
    """Give the machines back and end the project. A running one is cancelled first (409 otherwise)."""
    await projects.delete(view.id, context(caller, request))
    return ChangeAnswer.of(await _read(projects, view.id))


@router.get("/api/projects/{id}/events")
async def list_events(view: Visible, projects: Write) -> EventsAnswer:
    """Every event of the project and of its allocation, oldest first. A granted machine stands there with its id,
    name, address and role: how the platform reaches it is left out.
    """
    return EventsAnswer(events=await history(projects.store, view.id))


async def _read(projects: Projects, project_id: str, *, at: datetime | None = None) -> ProjectView:
    """Raises Problem 404 `not-found` when the project did not exist at that time."""
    view = await project(projects.pool, project_id, at=at)
    if view is None:
        raise not_found()
    return view


def _position(cursor: str | None) -> int | None:
    position = decode_cursor(cursor)
    if position is None:
        return None
    if not position.isdecimal() or len(position) > 18:
        raise unknown_cursor()
    return int(position)
