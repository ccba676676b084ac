"""What is somebody else's does not exist for you: 404 on REST and on WebSockets alike."""

import base64
import json

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hcmp_testkit.gateway import Person, Session

pytestmark = [pytest.mark.installation, pytest.mark.usefixtures("full_pool")]


async def refused(person: Person, path: str) -> int:
    """The HTTP status with which a WebSocket's handshake is refused."""
    with pytest.raises(InvalidStatus) as refusal:
        async with person.socket(path):
            pass
    return refusal.value.response.status_code


async def test_a_strangers_project_log_and_terminal_are_absent(member: Person, stranger: Person) -> None:
    accepted = (await member.provision("single")).json()
    project_id, vm = accepted["project_id"], accepted["vms"][0]
    for method, path in [
        ("GET", f"/api/projects/{project_id}"),
        ("GET", f"/api/projects/{project_id}/events"),
        ("GET", f"/api/projects/{project_id}/logs"),
        ("POST", f"/api/projects/{project_id}/cancel"),
        ("POST", f"/api/projects/{project_id}/retry"),
        ("PATCH", f"/api/projects/{project_id}/lease"),
        ("DELETE", f"/api/projects/{project_id}"),
        ("GET", f"/api/monitoring/vms/{vm['id']}/history"),
    ]:
        body = {"days": 1} if method == "PATCH" else None
        answer = await stranger.http.request(method, path, json=body)
        assert (answer.status_code, answer.json()["type"]) == (404, "not-found"), path
    assert (await stranger.get("/api/projects"))["projects"] == []
    for path in (f"/ws/logs/{project_id}", f"/ws/ssh/{vm['id']}", f"/ws/ssh/{vm['address']}"):
        assert await refused(stranger, path) == 404
    await member.http.post(f"/api/projects/{project_id}/cancel")
    await member.settled(project_id, "cancelled", seconds=30)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/vms"),
        ("GET", "/api/admin/accounts"),
        ("GET", "/api/admin/settings"),
        ("POST", "/api/admin/reset"),
        ("POST", "/api/vms/import"),
    ],
)
async def test_what_operators_do_is_forbidden_to_members(member: Person, method: str, path: str) -> None:
    answer = await member.http.request(
        method, path, json={"confirm": "RESET", "password": "x"} if method == "POST" else None
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "forbidden")


def spoiled(token: str) -> dict[str, str]:
    """Variants of a token that must not count."""
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["role"] = "admin"
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return {"wrong": "abc.def.ghi", "tampered": f"{head}.{forged}.{signature}", "cut": f"{head}.{body}."}


async def test_a_wrong_or_tampered_token_is_401_everywhere(member: Person) -> None:
    assert isinstance(member.http.auth, Session)
    for kind, bad in spoiled(member.http.auth.token).items():
        async with httpx.AsyncClient(base_url=member.url, headers={"Authorization": f"Bearer {bad}"}) as http:
            for path in (
                "/api/me",
                "/api/pool",
                "/api/projects",
                "/api/monitoring/my-resources",
                "/api/terminal/sessions",
            ):
                answer = await http.get(path)
                assert (answer.status_code, answer.json()["type"]) == (401, "invalid-token"), (kind, path)


async def test_a_socket_without_a_ticket_or_with_a_used_one_or_from_elsewhere_is_refused(member: Person) -> None:
    address = member.url.replace("http", "ws", 1)
    path = "/ws/logs/0193a000-0000-7000-8000-000000000001"
    with pytest.raises(InvalidStatus) as without:
        async with connect(f"{address}{path}"):
            pass
    assert without.value.response.status_code == 401
    ticket = (await member.http.post("/api/ws-ticket", json={"target": path})).json()["ticket"]
    statuses = []
    for _ in range(2):
        with pytest.raises(InvalidStatus) as refusal:
            async with connect(f"{address}{path}?ticket={ticket}"):
                pass
        statuses.append(refusal.value.response.status_code)
    assert statuses == [404, 401]
    ticket = (await member.http.post("/api/ws-ticket", json={"target": path})).json()["ticket"]
    with pytest.raises(InvalidStatus) as elsewhere:
        async with connect(f"{address}{path}?ticket={ticket}", origin="https://evil.example"):  # type: ignore[arg-type]
            pass
    assert elsewhere.value.response.status_code == 403
