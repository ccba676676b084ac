"""Registering an account, over REST, on a real broker and a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from hcmp_auth.domain.account import account_id_of
from hcmp_auth.handlers.registration import Registration
from hcmp_contracts.account import AccountRegistered
from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.store import EventStore

Visitor = Callable[..., Awaitable[AsyncClient]]

BOB = {"username": "bob", "password": "correct horse", "full_name": "Bob Lee", "email": "bob@example.org"}


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"]


async def test_who_registers_waits_for_approval_and_then_signs_in(
    visitor: Visitor, auth_admin: AsyncClient
) -> None:
    http = await visitor()
    answer = await http.post("/api/register", json=BOB)
    assert answer.status_code == 201
    account = answer.json()
    assert account == {"id": account_id_of("bob"), "username": "bob", "status": "pending"}

    login = {"username": "bob", "password": BOB["password"]}
    assert problem(await http.post("/api/login", json=login)) == (403, "account-pending")

    approved = await auth_admin.post(f"/api/admin/accounts/{account['id']}/approve")
    assert (approved.status_code, approved.json()["status"]) == (200, "active")

    answer = await http.post("/api/login", json={**login, "username": "BOB"})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "account"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 900)
    assert body["account"] == {"id": account["id"], "username": "bob", "role": "user", "status": "active"}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("hcmp_refresh=")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    assert "Secure" not in cookie

    me = await http.get("/api/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert me.json() | {"registered_at": None} == {
        "id": account["id"],
        "username": "bob",
        "full_name": "Bob Lee",
        "email": "bob@example.org",
        "role": "user",
        "status": "active",
        "machine_quota": 10,
        "run_quota": 10,
        "suspension_reason": None,
        "registered_at": None,
    }


async def test_a_name_that_is_taken_stays_its_owners(visitor: Visitor) -> None:
    http = await visitor()
    await http.post("/api/register", json=BOB)
    other = {**BOB, "username": "Bob", "password": "another password"}
    assert problem(await http.post("/api/register", json=other)) == (409, "username-taken")


async def test_of_many_who_register_one_name_at_once_one_gets_it(
    visitor: Visitor, auth_admin: AsyncClient
) -> None:
    http = await visitor()
    forms = [{**BOB, "full_name": f"Bob {n}", "password": f"password number {n}"} for n in range(8)]
    answers = await asyncio.gather(*(http.post("/api/register", json=form) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    [winner] = [form for form, answer in zip(forms, answers, strict=True) if answer.status_code == 201]
    account = await auth_admin.post(f"/api/admin/accounts/{account_id_of('bob')}/approve")
    assert account.json()["full_name"] == winner["full_name"]
    login = {"username": "bob", "password": winner["password"]}
    assert (await http.post("/api/login", json=login)).status_code == 200


async def test_a_registration_repeated_under_its_key_gets_the_same_answer(visitor: Visitor) -> None:
    http = await visitor()
    key = {"Idempotency-Key": "0f7c"}
    first = await http.post("/api/register", json=BOB, headers=key)
    again = await http.post("/api/register", json=BOB, headers=key)
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (201, first.json())
    for changed in ({"full_name": "Robert"}, {"password": "something else"}):
        answer = await http.post("/api/register", json={**BOB, **changed}, headers=key)
        assert problem(answer) == (422, "idempotency-key-reused")
    assert problem(await http.post("/api/register", json=BOB)) == (409, "username-taken")


async def test_a_registration_sent_twice_at_once_under_its_key_gets_one_answer(visitor: Visitor) -> None:
    http = await visitor()
    key = {"Idempotency-Key": "0f7c"}
    answers = await asyncio.gather(*(http.post("/api/register", json=BOB, headers=key) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_registration_that_broke_between_hash_and_event_can_be_repeated(
    auth_app: FastAPI, visitor: Visitor, auth_admin: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = await visitor()
    registration: Registration = auth_app.state.parts.registration

    async def broken(*_: Any) -> int:
        raise StoreUnavailableError("append")

    with monkeypatch.context() as patch:
        patch.setattr(registration.store, "append", broken)
        answer = await http.post("/api/register", json={**BOB, "password": "forgotten one"})
        assert problem(answer) == (503, "log-unavailable")

    assert (await http.post("/api/register", json=BOB)).status_code == 201
    await auth_admin.post(f"/api/admin/accounts/{account_id_of('bob')}/approve")
    forgotten = await http.post("/api/login", json={"username": "bob", "password": "forgotten one"})
    assert problem(forgotten) == (401, "invalid-credentials")
    login = {"username": "bob", "password": BOB["password"]}
    assert (await http.post("/api/login", json=login)).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"username": "x"},
        {"username": "-option"},
        {"username": "two words"},
        {"username": "bob\nroot"},
        {"username": "bоb"},  # noqa: RUF001 - a Cyrillic letter
        {"username": "b" * 33},
        {"password": "short"},
        {"password": "p" * 129},
        {"email": "nobody"},
        {"email": "bob@"},
        {"email": "bob@exa mple.org"},
        {"full_name": "   "},
        {"full_name": "Bob\u0000Lee"},
        {"full_name": "Bob\u202eeeL"},
        {"full_name": "B" * 101},
        {"role": "admin"},
        {"machine_quota": 1000},
    ],
)
async def test_a_malformed_registration_is_refused_whole(visitor: Visitor, changed: dict[str, Any]) -> None:
    http = await visitor()
    assert problem(await http.post("/api/register", json={**BOB, **changed})) == (422, "malformed-request")


async def test_a_password_that_is_tried_first_registers_nobody(visitor: Visitor) -> None:
    http = await visitor()
    for changed, slug in (
        ({"password": "Password123"}, "password-too-common"),
        ({"username": "bobby-lee", "password": "Bobby-Lee"}, "password-too-obvious"),
    ):
        assert problem(await http.post("/api/register", json={**BOB, **changed})) == (422, slug)


async def test_no_password_is_in_the_log_or_readable_in_the_database(
    alice: str, event_store: EventStore, database_url: str
) -> None:
    history = await event_store.load("account", alice)
    assert isinstance(history[0].event, AccountRegistered)
    assert "correct horse" not in "".join(recorded.envelope.model_dump_json() for recorded in history)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT password_hash FROM auth.credentials").fetchall()
    assert len(rows) == 2
    assert all(row[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$") for row in rows)
