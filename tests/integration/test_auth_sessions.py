"""Staying signed in and signing out: over REST, on a real broker and a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from structlog.testing import capture_logs

from hcmp_auth.main import build
from hcmp_auth.settings import AuthSettings
from hcmp_contracts.session import SessionEnded
from hcmp_eventstore.store import EventStore

Visitor = Callable[..., Awaitable[AsyncClient]]
LOGIN = {"username": "alice", "password": "correct horse"}


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"]


def bearer(answer: Any) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def is_out(browser: AsyncClient) -> None:
    """Within a second its access token counts no more."""
    async with asyncio.timeout(1):
        while (await browser.get("/api/me")).status_code != 401:
            await asyncio.sleep(0.01)


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
    assert answer.headers.get_list("cache-control") == ["no-store"]
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
    alice: str, http: AsyncClient, visitor: Visitor, advance_time: Callable[[float], None]
) -> None:
    elsewhere = await visitor("alice")
    first = http.cookies["hcmp_refresh"]
    second = (await refresh_with(http, first)).cookies["hcmp_refresh"]
    advance_time(10.5)
    with capture_logs() as lines:
        stolen = await refresh_with(http, first)
    assert [line["account_id"] for line in lines if line["event"] == "refresh_token_reused"] == [alice]
    await is_out(http)
    assert (await elsewhere.get("/api/me")).status_code == 200
    assert problem(stolen) == (401, "session-ended")
    assert 'hcmp_refresh=""' in stolen.headers["set-cookie"]
    assert problem(await refresh_with(http, second)) == (401, "session-ended")
    assert (await elsewhere.post("/api/token/refresh")).status_code == 200


async def test_a_refresh_token_expires_when_nobody_uses_it(
    http: AsyncClient, advance_time: Callable[[float], None]
) -> None:
    advance_time(7 * 86_400)
    assert problem(await http.post("/api/token/refresh")) == (401, "session-ended")


async def test_a_session_ends_after_thirty_days_however_busy_it_was(
    http: AsyncClient, advance_time: Callable[[float], None]
) -> None:
    for _ in range(4):
        advance_time(7 * 86_400 - 1)
        assert (await http.post("/api/token/refresh")).status_code == 200
    advance_time(2 * 86_400 + 5)
    assert problem(await http.post("/api/token/refresh")) == (401, "session-ended")


@pytest.mark.parametrize("cookie", ["", "x", "correct-horse", "0" * 43])
async def test_a_made_up_cookie_is_no_session(visitor: Visitor, cookie: str) -> None:
    assert problem(await refresh_with(await visitor(), cookie)) == (401, "session-ended")


async def test_signing_out_ends_the_session_of_the_cookie(http: AsyncClient, visitor: Visitor) -> None:
    elsewhere = await visitor("alice")
    cookie = http.cookies["hcmp_refresh"]
    assert (await http.post("/api/token/revoke")).status_code == 204
    assert "hcmp_refresh" not in http.cookies
    await is_out(http)
    assert (await elsewhere.get("/api/me")).status_code == 200
    assert problem(await refresh_with(http, cookie)) == (401, "session-ended")
    assert (await elsewhere.post("/api/token/refresh")).status_code == 200
    assert (await (await visitor()).post("/api/token/revoke")).status_code == 204


async def test_a_session_ends_once_and_leaves_the_accounts_history_as_it_was(
    alice: str, http: AsyncClient, auth_app: FastAPI, event_store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end stands in the log before its row is gone; a crash between them is no obstacle to the next try."""

    async def crashed(*_: Any) -> None:
        raise ConnectionError

    before = await event_store.load("account", alice)
    [session] = (await http.get("/api/me/sessions")).json()["sessions"]
    rows = type(auth_app.state.parts.own_sessions.sessions)
    end, proof = f"/api/me/sessions/{session['id']}/end", {"password": LOGIN["password"]}
    with monkeypatch.context() as broken:
        broken.setattr(rows, "end", crashed)
        assert (await http.post(end, json=proof)).status_code == 500
    assert (await http.post("/api/token/revoke")).status_code == 204
    [ended] = await event_store.load("session", session["id"])
    assert ended.event == SessionEnded(account_id=alice, reason="ended-by-owner")
    assert ended.envelope.actor == f"account/{alice}"
    assert await event_store.load("account", alice) == before


async def test_changing_the_password_ends_every_session_but_the_new_one(
    http: AsyncClient, visitor: Visitor, database_url: str
) -> None:
    elsewhere = await visitor("alice")
    wrong = {"current_password": "not it at all", "new_password": "battery staple"}
    assert problem(await http.post("/api/me/password", json=wrong)) == (401, "invalid-credentials")

    for weak, slug in (("password1", "password-too-common"), ("hcmp-2026-11", "password-too-obvious")):
        change = {"current_password": "correct horse", "new_password": weak}
        assert problem(await http.post("/api/me/password", json=change)) == (422, slug)

    old_cookie = http.cookies["hcmp_refresh"]
    change = {"current_password": "correct horse", "new_password": "battery staple"}
    answer = await http.post("/api/me/password", json=change)
    new_token, new_cookie = bearer(answer), answer.cookies["hcmp_refresh"]
    await is_out(elsewhere)
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


async def test_people_see_their_sessions_and_end_one_with_their_password(
    alice: str, http: AsyncClient, visitor: Visitor
) -> None:
    async def seen(browser: AsyncClient) -> list[dict[str, Any]]:
        sessions: list[dict[str, Any]] = (await browser.get("/api/me/sessions")).json()["sessions"]
        return sessions

    elsewhere = await visitor("alice")
    newest, oldest = await seen(http)
    assert (newest["current"], oldest["current"]) == (False, True)
    assert newest["started_at"] > oldest["started_at"]

    end = f"/api/me/sessions/{newest['id']}/end"
    assert problem(await http.post(end, json={"password": "not it"})) == (401, "invalid-credentials")
    assert (await elsewhere.get("/api/me")).status_code == 200
    operator = await visitor("operator", "the operator's password")
    foreign = await operator.post(end, json={"password": "the operator's password"})
    assert problem(foreign) == (404, "not-found")

    assert (await http.post(end, json={"password": "correct horse"})).status_code == 204
    await is_out(elsewhere)
    assert problem(await elsewhere.post("/api/token/refresh")) == (401, "session-ended")
    assert [session["id"] for session in await seen(http)] == [oldest["id"]]
    assert problem(await http.post(end, json={"password": "correct horse"})) == (404, "not-found")


async def test_a_new_role_reaches_the_next_token(alice: str, http: AsyncClient, auth_admin: AsyncClient) -> None:
    await auth_admin.patch(f"/api/admin/accounts/{alice}", json={"role": "viewer"})
    answer = await http.post("/api/token/refresh")
    assert answer.json()["account"]["role"] == "viewer"
    assert (await http.get("/api/me", headers=bearer(answer))).json()["role"] == "viewer"


async def test_signing_in_again_ends_the_session_that_the_browser_had(http: AsyncClient) -> None:
    former = http.cookies["hcmp_refresh"]
    wrong = await http.post("/api/login", json={**LOGIN, "password": "not it"})
    assert problem(wrong) == (401, "invalid-credentials")
    assert (await refresh_with(http, former)).status_code == 200
    former = http.cookies["hcmp_refresh"]
    assert (await http.post("/api/login", json=LOGIN)).status_code == 200
    assert http.cookies["hcmp_refresh"] != former
    assert problem(await refresh_with(http, former)) == (401, "session-ended")


async def test_where_the_platform_is_https_only_the_cookie_keeps_its_name_and_never_travels_in_clear(
    auth_settings: AuthSettings, alice: str
) -> None:
    app = build(auth_settings.model_copy(update={"public_url": "https://hcmp.test"}))
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=transport, base_url="https://hcmp.test") as http,
    ):
        answers = [
            await http.post("/api/login", json=LOGIN),
            await http.post("/api/token/refresh"),
            await http.post("/api/token/revoke"),
            await refresh_with(http, "made up"),
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 204, 401]
    for answer in answers:
        [cookie] = answer.headers.get_list("set-cookie")
        assert cookie.startswith("hcmp_refresh=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
