"""Right, wrong and guessed passwords: over REST, on a real broker and a real database."""

import asyncio
import json
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from structlog.testing import capture_logs

Visitor = Callable[..., Awaitable[AsyncClient]]
LOGIN = {"username": "alice", "password": "correct horse"}


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"]


async def test_guessing_one_accounts_password_ends_in_429_from_everywhere(
    alice: str, visitor: Visitor, advance_time: Callable[[float], None]
) -> None:
    http = await visitor()
    answers = [await http.post("/api/login", json={**LOGIN, "password": f"guess {n}"}) for n in range(14)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 4
    assert problem(answers[-1]) == (429, "too-many-attempts")
    assert 0 < int(answers[-1].headers["retry-after"]) <= 300
    elsewhere = await visitor(address="198.51.100.7")
    assert (await elsewhere.post("/api/login", json=LOGIN)).status_code == 429
    advance_time(301)
    assert (await elsewhere.post("/api/login", json=LOGIN)).status_code == 200


async def test_each_use_of_a_password_is_logged_with_its_outcome_and_where_it_came_from(
    alice: str, visitor: Visitor
) -> None:
    http = await visitor(address="198.51.100.7")
    with capture_logs() as lines:
        await http.post("/api/login", json=LOGIN)
        await http.post("/api/login", json={**LOGIN, "password": "guess"})
    judged = [(line["event"], line["account_id"]) for line in lines if line["event"].startswith("password_")]
    assert judged == [("password_accepted", alice), ("password_refused", alice)]
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["address"], line["status"], line.get("problem")) for line in requests] == [
        ("198.51.100.7", 200, None),
        ("198.51.100.7", 401, "invalid-credentials"),
    ]
    assert "guess" not in json.dumps(lines)
    assert LOGIN["password"] not in json.dumps(lines)


async def test_many_wrong_passwords_at_once_count_as_many(alice: str, visitor: Visitor) -> None:
    http = await visitor()
    guesses = [http.post("/api/login", json={**LOGIN, "password": f"guess {n}"}) for n in range(40)]
    statuses = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert statuses.count(401) == 10
    assert statuses.count(429) == 30


async def test_one_address_cannot_try_many_names(visitor: Visitor) -> None:
    http = await visitor(address="2001:db8::1")
    statuses = [
        (await http.post("/api/login", json={"username": f"somebody{n}", "password": "x"})).status_code
        for n in range(62)
    ]
    assert statuses == [401] * 60 + [429] * 2
    neighbour = await visitor(address="2001:db8::ffff")
    assert (await neighbour.post("/api/login", json=LOGIN)).status_code == 429
    elsewhere = await visitor(address="2001:db8:1::1")
    assert (await elsewhere.post("/api/login", json=LOGIN)).status_code == 401


async def test_a_blocked_address_blocks_nobody_elses_name(alice: str, visitor: Visitor) -> None:
    http = await visitor()
    for n in range(61):
        await http.post("/api/login", json={"username": f"somebody{n}", "password": "x"})
    for _ in range(11):
        assert (await http.post("/api/login", json={**LOGIN, "password": "x"})).status_code == 429
    elsewhere = await visitor(address="198.51.100.7")
    assert (await elsewhere.post("/api/login", json=LOGIN)).status_code == 200


async def test_right_passwords_are_never_throttled(alice: str, visitor: Visitor) -> None:
    http = await visitor()
    for _ in range(15):
        assert (await http.post("/api/login", json=LOGIN)).status_code == 200


async def test_an_unknown_name_takes_the_same_path_as_a_wrong_password(
    alice: str, visitor: Visitor, auth_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = auth_app.state.parts.sign_in.passwords
    verified: list[str] = []

    def matches(password_hash: str, _: str) -> bool:
        verified.append(password_hash)
        return False

    monkeypatch.setattr(passwords, "_matches", matches)
    http = await visitor()
    answers = [
        await http.post("/api/login", json={"username": name, "password": "guess"})
        for name in ("alice", "nobody", "no such\u0000 name")
    ]
    assert {json.dumps(answer.json()) for answer in answers} == {json.dumps(answers[0].json())}
    assert problem(answers[1]) == (401, "invalid-credentials")
    assert len(verified) == 3
    assert all(password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for password_hash in verified)


async def test_a_password_is_the_same_however_the_keyboard_composed_it(
    visitor: Visitor, auth_admin: AsyncClient
) -> None:
    form = {
        "username": "minji",
        "password": "비밀번호는 비밀입니다",
        "full_name": "민지",
        "email": "minji@example.org",
    }
    decomposed = unicodedata.normalize("NFD", form["password"])
    assert len(decomposed) > len(form["password"])
    http = await visitor()
    account = (await http.post("/api/register", json=form)).json()
    await auth_admin.post(f"/api/admin/accounts/{account['id']}/approve")
    answer = await http.post("/api/login", json={"username": "minji", "password": decomposed})
    assert answer.status_code == 200


async def test_more_passwords_than_can_wait_are_turned_away(visitor: Visitor, auth_app: FastAPI) -> None:
    auth_app.state.parts.sign_in.passwords._waiting = 100
    answer = await (await visitor()).post("/api/login", json=LOGIN)
    assert problem(answer) == (503, "sign-in-busy")
    assert answer.headers["retry-after"] == "3"
