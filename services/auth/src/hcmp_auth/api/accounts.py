"""Registering, one's own account, and what an admin does to the others'."""

import re
from typing import cast
from uuid import UUID

from fastapi import APIRouter, Request

from hcmp_auth.api.addresses import client_address
from hcmp_auth.api.models import (
    AccountBody,
    AccountChange,
    AccountPage,
    AccountStatus,
    RegisteredAccount,
    RegistrationForm,
    SuspensionForm,
)
from hcmp_auth.api.parts import Auth, Parts
from hcmp_auth.domain.account import account_id_of
from hcmp_auth.handlers.registration import Applicant
from hcmp_auth.projections.accounts import AccountRow, find_account, list_accounts, position
from hcmp_eventstore.recorded import Context
from hcmp_webkit.idempotency import IdempotencyKey
from hcmp_webkit.identity import Caller, Operator, context
from hcmp_webkit.pages import Cursor, Limit, decode_cursor, encode_cursor, unknown_cursor
from hcmp_webkit.problems import not_found

router = APIRouter()


@router.post("/api/register", status_code=201)
async def register(
    form: RegistrationForm, auth: Auth, request: Request, key: IdempotencyKey = None
) -> RegisteredAccount:
    """Ask for an account. An administrator approves it."""
    actor = f"account/{account_id_of(form.username)}"
    applicant = Applicant(
        username=form.username,
        full_name=form.full_name,
        email=form.email,
        password=form.password.get_secret_value(),
    )
    account_id = await auth.registration.register(
        applicant,
        Context(actor, request.state.correlation_id),
        address=client_address(request),
        idempotency_key=key,
    )
    return RegisteredAccount(id=UUID(account_id), username=form.username)


@router.get("/api/me")
async def me(caller: Caller, auth: Auth) -> AccountBody:
    """One's own account."""
    return await _account(auth, caller.account_id)


@router.post("/api/me/revoke-sessions", status_code=204)
async def revoke_own_sessions(caller: Caller, auth: Auth, request: Request) -> None:
    """Sign out everywhere, here too."""
    await auth.administration.revoke_sessions(caller.account_id, "signed out everywhere", context(caller, request))


@router.get("/api/admin/accounts")
async def accounts(caller: Operator, auth: Auth, limit: Limit = 100, cursor: Cursor = None) -> AccountPage:  # noqa: ARG001
    """All accounts: those who wait for approval first, then by name."""
    rows = await list_accounts(auth.accounts, limit=limit + 1, after=_after(cursor))
    page = rows[:limit]
    more = len(rows) > limit
    return AccountPage(
        accounts=[_body(row) for row in page], next_cursor=_cursor_behind(page[-1]) if more else None
    )


@router.post("/api/admin/accounts/{account_id}/approve")
async def approve_account(account_id: UUID, caller: Operator, auth: Auth, request: Request) -> AccountBody:
    """Let a registered account sign in."""
    await auth.administration.approve(str(account_id), context(caller, request))
    return await _account(auth, str(account_id))


@router.post("/api/admin/accounts/{account_id}/suspend")
async def suspend_account(
    account_id: UUID, caller: Operator, auth: Auth, request: Request, form: SuspensionForm | None = None
) -> AccountBody:
    """Shut an account out. Its sessions and open sockets end at once."""
    reason = form.reason if form else ""
    await auth.administration.suspend(str(account_id), reason, context(caller, request))
    return await _account(auth, str(account_id))


@router.post("/api/admin/accounts/{account_id}/reactivate")
async def reactivate_account(account_id: UUID, caller: Operator, auth: Auth, request: Request) -> AccountBody:
    """Let a suspended account in again; one that was never approved waits for that again."""
    await auth.administration.reactivate(str(account_id), context(caller, request))
    return await _account(auth, str(account_id))


@router.post("/api/admin/accounts/{account_id}/revoke-sessions", status_code=204)
async def revoke_sessions(account_id: UUID, caller: Operator, auth: Auth, request: Request) -> None:
    """End every session of an account; it may sign in again."""
    await auth.administration.revoke_sessions(
        str(account_id), f"by the admin {caller.username}", context(caller, request)
    )


@router.patch("/api/admin/accounts/{account_id}")
async def change_account(
    account_id: UUID, change: AccountChange, caller: Operator, auth: Auth, request: Request
) -> AccountBody:
    """Change an account's role, how many machines it may hold, or how many runs it may have at once."""
    await auth.administration.amend(
        str(account_id),
        context(caller, request),
        role=change.role,
        machine_quota=change.machine_quota,
        run_quota=change.run_quota,
    )
    return await _account(auth, str(account_id))


async def _account(auth: Parts, account_id: str) -> AccountBody:
    row = await find_account(auth.accounts, account_id)
    if row is None:
        raise not_found()
    return _body(row)


def _body(row: AccountRow) -> AccountBody:
    return AccountBody(**vars(row) | {"status": cast(AccountStatus, row.status)})


def _cursor_behind(row: AccountRow) -> str:
    decided, name = position(row)
    return encode_cursor(f"{int(decided)}/{name}")


def _after(cursor: str | None) -> tuple[bool, str] | None:
    text = decode_cursor(cursor)
    if text is None:
        return None
    found = re.fullmatch(r"([01])/([a-z0-9._-]+)", text)
    if found is None:
        raise unknown_cursor()
    return found[1] == "1", found[2]
