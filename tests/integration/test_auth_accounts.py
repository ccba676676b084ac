"""What admins do to accounts, over REST, on a real broker and a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr

from hcmp_auth.domain.account import account_id_of
from hcmp_auth.main import build
from hcmp_auth.settings import AuthSettings
from hcmp_eventstore.store import EventStore

Visitor = Callable[..., Awaitable[AsyncClient]]

BOB = {"username": "bob", "password": "correct horse", "full_name": "Bob Lee", "email": "bob@example.org"}


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"]


async def test_a_suspended_account_is_out_at_once_and_in_again_when_reactivated(
    alice: str, visitor: Visitor, auth_admin: AsyncClient
) -> None:
    http = await visitor("alice")
    answer = await auth_admin.post(f"/api/admin/accounts/{alice}/suspend", json={"reason": "left"})
    assert (answer.json()["status"], answer.json()["suspension_reason"]) == ("suspended", "left")

    login = {"username": "alice", "password": "correct horse"}
    assert problem(await http.post("/api/login", json=login)) == (403, "account-suspended")
    assert problem(await http.post("/api/token/refresh")) == (401, "session-ended")
    async with asyncio.timeout(1):
        while (await http.get("/api/me")).status_code != 401:
            await asyncio.sleep(0.01)
    again = await auth_admin.post(f"/api/admin/accounts/{alice}/approve")
    assert problem(again) == (403, "account-suspended")

    answer = await auth_admin.post(f"/api/admin/accounts/{alice}/reactivate")
    assert (answer.json()["status"], answer.json()["suspension_reason"]) == ("active", None)
    assert (await http.post("/api/login", json=login)).status_code == 200


async def test_the_last_admin_stays_even_when_two_remove_each_other_at_once(
    alice: str, visitor: Visitor, auth_admin: AsyncClient
) -> None:
    operator = account_id_of("operator")
    for path, body in ((f"{operator}/suspend", None), (operator, {"role": "user"})):
        method = "PATCH" if body else "POST"
        answer = await auth_admin.request(method, f"/api/admin/accounts/{path}", json=body)
        assert problem(answer) == (409, "last-admin")

    await auth_admin.patch(f"/api/admin/accounts/{alice}", json={"role": "admin"})
    second = await visitor("alice")
    answers = await asyncio.gather(
        auth_admin.post(f"/api/admin/accounts/{alice}/suspend"),
        second.post(f"/api/admin/accounts/{operator}/suspend"),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_role_and_quota_change_together_or_not_at_all(alice: str, auth_admin: AsyncClient) -> None:
    change = {"role": "viewer", "machine_quota": 3}
    answer = await auth_admin.patch(f"/api/admin/accounts/{alice}", json=change)
    assert {name: answer.json()[name] for name in change} == change

    operator = account_id_of("operator")
    refused = await auth_admin.patch(f"/api/admin/accounts/{operator}", json=change)
    assert problem(refused) == (409, "last-admin")
    assert (await auth_admin.get("/api/me")).json()["machine_quota"] == 100


async def test_the_list_shows_those_who_wait_first_and_pages_without_gap(
    alice: str, auth_admin: AsyncClient
) -> None:
    for name in ("dave", "Carol", "erin"):
        form = {**BOB, "username": name, "email": f"{name}@example.org"}
        await auth_admin.post("/api/register", json=form)
    names: list[str] = []
    cursor = None
    while True:
        page = await auth_admin.get(
            "/api/admin/accounts", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        )
        names += [account["username"] for account in page.json()["accounts"]]
        if (cursor := page.json()["next_cursor"]) is None:
            break
    assert names == ["Carol", "dave", "erin", "alice", "operator"]
    malformed = await auth_admin.get("/api/admin/accounts", params={"cursor": "!"})
    assert problem(malformed) == (422, "malformed-request")


async def test_only_an_admin_sees_and_touches_accounts(alice: str, visitor: Visitor) -> None:
    for http, expected in (
        (await visitor(), (401, "invalid-token")),
        (await visitor("alice"), (403, "forbidden")),
    ):
        for method, path in (
            ("GET", "/api/admin/accounts"),
            ("POST", f"/api/admin/accounts/{alice}/approve"),
            ("POST", f"/api/admin/accounts/{alice}/suspend"),
            ("POST", f"/api/admin/accounts/{alice}/reactivate"),
            ("POST", f"/api/admin/accounts/{alice}/revoke-sessions"),
            ("PATCH", f"/api/admin/accounts/{alice}"),
        ):
            assert problem(await http.request(method, path, json={})) == expected


async def test_an_account_that_is_not_there_is_not_found(auth_admin: AsyncClient) -> None:
    nobody = account_id_of("nobody")
    assert problem(await auth_admin.post(f"/api/admin/accounts/{nobody}/approve")) == (404, "not-found")
    assert problem(await auth_admin.patch(f"/api/admin/accounts/{nobody}", json={})) == (404, "not-found")


@pytest.mark.parametrize("password", ["admin", "operator", "password1"])
async def test_the_operators_first_password_is_whatever_the_settings_say(
    auth_settings: AuthSettings, password: str
) -> None:
    app = build(auth_settings.model_copy(update={"operator_password": SecretStr(password)}))
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://hcmp.test") as http,
    ):
        login = {"username": "operator", "password": password}
        assert (await http.post("/api/login", json=login)).json()["account"]["role"] == "admin"


async def test_a_second_start_leaves_the_operator_as_it_is(
    auth_settings: AuthSettings, auth_app: FastAPI, event_store: EventStore
) -> None:
    second = build(auth_settings)
    async with second.router.lifespan_context(second):
        history = await event_store.load("account", account_id_of("operator"))
    assert [recorded.event.verb() for recorded in history] == ["registered", "approved"]
