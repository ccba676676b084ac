"""`POST /api/provision` and `POST …/retry`: ask for machines, answer with those that were granted."""

from typing import assert_never

from fastapi import APIRouter, Request
from uuid_utils.compat import uuid7

from hcmp_eventstore.store import utc_now
from hcmp_provisioner.api.access import Policy, Rules, Visible, Write
from hcmp_provisioner.api.errors import insufficient_capacity
from hcmp_provisioner.api.models import MachineAnswer, ProvisionAnswer, ProvisionBody
from hcmp_provisioner.domain import commands
from hcmp_provisioner.domain.commands import RequestRetry
from hcmp_provisioner.domain.lease import first_lease
from hcmp_provisioner.domain.template import Template
from hcmp_provisioner.handlers.projects import Outcome
from hcmp_provisioner.projections.project_view import Denied, Granted, Queued
from hcmp_webkit.idempotency import IdempotencyKey, stable_id
from hcmp_webkit.identity import Member, Principal, context

router = APIRouter(tags=["projects"])


@router.post("/api/provision", status_code=202)
async def provision(
    body: ProvisionBody,
    request: Request,
    caller: Member,
    projects: Write,
    policy: Policy,
    key: IdempotencyKey = None,
) -> ProvisionAnswer:
    """Ask for a project. Its machines are taken at once; configuring them goes on in the background.

    With `wait`, or when an operator has to approve it, the request may stay `requested` without machines; its
    `waiting_for` says why. A `dry_run` shows what would change and keeps no machine.
    """
    project_id = str(stable_id(caller, "/api/provision", key, otherwise=uuid7()))
    command = _command(body, caller, projects.template(body.template), policy)
    outcome = await projects.request(
        project_id, command, by_operator=caller.is_operator, context=context(caller, request)
    )
    return _answer(project_id, outcome)


@router.post("/api/projects/{id}/retry", status_code=202)
async def retry_project(view: Visible, request: Request, caller: Member, projects: Write) -> ProvisionAnswer:
    """Try a failed or cancelled project again: from the failed step on while its machines are still held, from the
    beginning on fresh ones otherwise.
    """
    outcome = await projects.retry(
        view.id, RequestRetry(utc_now()), by_operator=caller.is_operator, context=context(caller, request)
    )
    return _answer(view.id, outcome)


def _command(body: ProvisionBody, caller: Principal, template: Template, rules: Rules) -> commands.Request:
    days, longest = body.lease_days, rules.longest_lease
    # A dry run keeps nothing, and shows whoever approves what the real one would do.
    approved = caller.is_operator or body.dry_run
    return commands.Request(
        name=body.name,
        owner_id=caller.account_id,
        owner_username=caller.username,
        template=template.id,
        packages=tuple(dict.fromkeys(body.packages)),
        variables=template.settle(body.variables),
        roles=template.roles,
        steps=template.plan(),
        lease_expires_at=first_lease(days, now=utc_now(), longest=longest) if days else None,
        request_digest=body.digest(),
        dry_run=body.dry_run,
        wait=body.wait,
        needs_approval=rules.approval.policy(template) == "operator" and not approved,
    )


def _answer(project_id: str, outcome: Outcome) -> ProvisionAnswer:
    match outcome:
        case Granted(machines=machines):
            vms = [MachineAnswer.of(machine) for machine in machines]
            return ProvisionAnswer(project_id=project_id, status="configuring", vms=vms)
        case Denied():
            raise insufficient_capacity(outcome)
        case Queued() | None:
            return ProvisionAnswer(project_id=project_id, status="requested", vms=[])
        case _:
            assert_never(outcome)
