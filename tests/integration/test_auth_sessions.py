"""Staying signed in, signing out, guessing passwords: over REST, on a real broker and a real database."""

import asyncio
import json
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from nats.aio.client import Client

from hcmp_auth.main import build
from hcmp_auth.settings import AuthSettings
from hcmp_webkit.identity import remote_identity

Visitor = Callable[..., Awaitable[AsyncClient]]
LOGIN = {"username": "alice", "password": "correct horse"}


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"]


def bearer(answer: Any) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def refresh_with(http: AsyncClient, cookie: str) -> Any:
    """Present this refresh token, whatever the browser holds."""
    http.cookies.clear()
    return await http.post("/api/token/refresh", headers={"Cookie": f"hcmp_refresh={cookie}"})


@pytest.fixture
async def http(alice: str, visitor: Visitor) -> AsyncClient:
    """Alice's browser."""
    return await visitor("alice")


async def test_a_session_goes_on_by_its_cookie(http: AsyncClient) -> None:
    before = http.cookies["hcmp_refresh"]
    answer = await http.post("/api/token/refresh")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["account"]["username"] == "alice"
    assert http.cookies["hcmp_refresh"] != before
    assert (await http.get("/api/me", headers=bearer(answer))).json()["username"] == "alice"


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer x", "Basic YTpi", "Bearer {token}x", "Bearer x{token}"]
)
async def test_a_tampered_or_missing_access_token_is_nobodys(http: AsyncClient, authorization: str) -> None:
    token = http.headers["Authorization"].removeprefix("Bearer ")
    answer = await http.get("/api/me", headers={"Authorization": authorization.format(token=token)})
    assert problem(answer) == (401, "invalid-token")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_lost_answer_and_two_tabs_at_once_are_tolerated(http: AsyncClient) -> None:
    cookie = http.cookies["hcmp_refresh"]
    answers = await asyncio.gather(*(refresh_with(http, cookie) for _ in range(4)))
    successors = {answer.cookies["hcmp_refresh"] for answer in answers}
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len(successors) == 4
    for successor in successors:
        assert (await refresh_with(http, successor)).status_code == 200


async def test_a_token_used_again_later_ends_the_whole_session(
    http: AsyncClient, visitor: Visitor, advance_time: Callable[[float], None]
) -> None:
    elsewhere = await visitor("alice")
    first = http.cookies["hcmp_refresh"]
    second = (await refresh_with(http, first)).cookies["hcmp_refresh"]
    advance_time(10.5)
    stolen = await refresh_with(http, first)
    assert problem(stolen) == (401, "session-ended")
    assert 'hcmp_refresh=""' in stolen.headers["set-cookie"]
    assert problem(await refresh_with(http, second)) == (401, "session-ended")
    assert (await elsewhere.post("/api/token/refresh")).status_code == 200


async def test_a_refresh_token_expires_when_nobody_uses_it(
    http: AsyncClient, advance_time: Callable[[float], None]
) -> None:
    advance_time(7 * 86_400)
    assert problem(await http.post("/api/token/refresh")) == (401, "session-ended")


@pytest.mark.parametrize("cookie", ["", "x", "correct-horse", "0" * 43])
async def test_a_made_up_cookie_is_no_session(visitor: Visitor, cookie: str) -> None:
    assert problem(await refresh_with(await visitor(), cookie)) == (401, "session-ended")


async def test_signing_out_ends_the_session_of_the_cookie(http: AsyncClient, visitor: Visitor) -> None:
    elsewhere = await visitor("alice")
    cookie = http.cookies["hcmp_refresh"]
    assert (await http.post("/api/token/revoke")).status_code == 204
    assert "hcmp_refresh" not in http.cookies
    assert problem(await refresh_with(http, cookie)) == (401, "session-ended")
    assert (await elsewhere.post("/api/token/refresh")).status_code == 200
    assert (await (await visitor()).post("/api/token/revoke")).status_code == 204


async def test_changing_the_password_ends_every_session_but_the_new_one(
    http: AsyncClient, visitor: Visitor, database_url: str
) -> None:
    elsewhere = await visitor("alice")
    wrong = {"current_password": "not it at all", "new_password": "battery staple"}
    assert problem(await http.post("/api/me/password", json=wrong)) == (401, "invalid-credentials")

    old_cookie = http.cookies["hcmp_refresh"]
    change = {"current_password": "correct horse", "new_password": "battery staple"}
    answer = await http.post("/api/me/password", json=change)
    new_token, new_cookie = bearer(answer), answer.cookies["hcmp_refresh"]
    async with asyncio.timeout(1):
        while (await elsewhere.get("/api/me")).status_code != 401:
            await asyncio.sleep(0.01)
    assert (await http.get("/api/me", headers=new_token)).status_code == 200
    assert problem(await elsewhere.post("/api/token/refresh")) == (401, "session-ended")
    assert problem(await refresh_with(http, old_cookie)) == (401, "session-ended")
    assert (await refresh_with(http, new_cookie)).status_code == 200
    assert problem(await http.post("/api/login", json=LOGIN)) == (401, "invalid-credentials")
    assert (await http.post("/api/login", json={**LOGIN, "password": "battery staple"})).status_code == 200
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM auth.credentials").fetchone() == (2,)


async def test_revoked_sessions_are_over_even_if_their_rows_are_still_there(
    alice: str, http: AsyncClient, auth_app: FastAPI, auth_admin: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log says that they ended; a crash before the rows are deleted changes nothing."""

    async def crashed(*_: Any) -> None:
        raise ConnectionError

    sessions = auth_app.state.parts.administration.sessions
    monkeypatch.setattr(type(sessions), "end_before", crashed)
    assert (await auth_admin.post(f"/api/admin/accounts/{alice}/revoke-sessions")).status_code == 500
    assert problem(await http.post("/api/token/refresh")) == (401, "session-ended")
    assert (await http.post("/api/login", json=LOGIN)).status_code == 200


async def test_signing_out_everywhere_ends_ones_own_sessions(http: AsyncClient, visitor: Visitor) -> None:
    elsewhere = await visitor("alice")
    assert (await http.post("/api/me/revoke-sessions")).status_code == 204
    for browser in (http, elsewhere):
        assert problem(await browser.post("/api/token/refresh")) == (401, "session-ended")


async def test_a_new_role_reaches_the_next_token(alice: str, http: AsyncClient, auth_admin: AsyncClient) -> None:
    await auth_admin.patch(f"/api/admin/accounts/{alice}", json={"role": "viewer"})
    answer = await http.post("/api/token/refresh")
    assert answer.json()["account"]["role"] == "viewer"
    assert (await http.get("/api/me", headers=bearer(answer))).json()["role"] == "viewer"


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


async def test_cookies_are_for_https_only_where_the_platform_is(
    auth_settings: AuthSettings, visitor: Visitor
) -> None:
    app = build(auth_settings.model_copy(update={"public_url": "https://hcmp.test"}))
    async with app.router.lifespan_context(app):
        assert app.state.parts.secure_cookies


async def test_a_ticket_is_good_once_for_its_target(
    alice: str, http: AsyncClient, visitor: Visitor, broker: Client, advance_time: Callable[[float], None]
) -> None:
    answer = await http.post("/api/ws-ticket", json={"target": "/ws/ssh/web-1"})
    assert (answer.status_code, answer.json()["expires_in"]) == (201, 30)
    ticket = answer.json()["ticket"]
    identity = remote_identity(broker)
    principal = await identity.redeem(ticket, "/ws/ssh/web-1")
    assert (principal.account_id, principal.username, principal.role.value) == (alice, "alice", "user")

    async def redeem(ticket: str, target: str = "/ws/ssh/web-1") -> Any:
        question = json.dumps({"ticket": ticket, "target": target}).encode()
        return json.loads((await broker.request("hcmp.rpc.auth.redeem-ticket", question)).data)

    assert await redeem(ticket) == {"error": "ticket-unknown"}
    assert await redeem("made up") == {"error": "ticket-unknown"}

    foreign = (await http.post("/api/ws-ticket", json={"target": "/ws/ssh/web-1"})).json()["ticket"]
    assert await redeem(foreign, "/ws/ssh/db-1") == {"error": "ticket-for-another-target"}
    assert await redeem(foreign) == {"error": "ticket-unknown"}

    anywhere = (await http.post("/api/ws-ticket")).json()["ticket"]
    answers = await asyncio.gather(*(redeem(anywhere, "/ws/logs/1") for _ in range(5)))
    assert sum("account" in answer for answer in answers) == 1

    late = (await http.post("/api/ws-ticket")).json()["ticket"]
    advance_time(30)
    assert await redeem(late) == {"error": "ticket-expired"}


async def test_no_ticket_without_a_session_and_none_for_another_kind_of_target(
    http: AsyncClient, visitor: Visitor
) -> None:
    assert problem(await (await visitor()).post("/api/ws-ticket")) == (401, "invalid-token")
    for target in ("/api/me", "/ws/\u0000", "ws/ssh/1", "/ws/" + "x" * 300):
        answer = await http.post("/api/ws-ticket", json={"target": target})
        assert problem(answer) == (422, "malformed-request")


async def test_the_key_set_is_the_same_over_http_and_over_the_broker(visitor: Visitor, broker: Client) -> None:
    over_http = (await (await visitor()).get("/.well-known/jwks.json")).json()
    over_broker = json.loads((await broker.request("hcmp.rpc.auth.jwks", b"")).data)
    assert over_http == over_broker
    [key] = over_http["keys"]
    assert (key["kty"], key["crv"], key["alg"], "d" in key) == ("OKP", "Ed25519", "EdDSA", False)


async def test_another_service_has_a_password_checked_and_guessing_is_throttled(
    alice: str, http: AsyncClient, broker: Client
) -> None:
    async def verify(password: str) -> Any:
        question = json.dumps({"account_id": alice, "password": password}).encode()
        return json.loads((await broker.request("hcmp.rpc.auth.verify-password", question)).data)

    assert await verify("correct horse") == {"ok": True}
    assert [await verify("guess") for _ in range(10)] == [{"ok": False}] * 10
    refused = await verify("correct horse")
    assert (refused["ok"], refused["error"]) == (False, "too-many-attempts")
    malformed = await broker.request("hcmp.rpc.auth.verify-password", b"{")
    assert json.loads(malformed.data) == {"error": "malformed-request"}
