"""A person or a program at the platform's public door, as tests play them."""

import asyncio
import json
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

PROVISION_SECONDS = 300
SETTLE_SECONDS = 60


class Session(httpx.Auth):
    """Signs in with the first request, and again when the token has run out: an installation outlives it."""

    requires_response_body = True

    def __init__(self, username: str, password: str) -> None:
        self._login = {"username": username, "password": password}
        self.token = ""
        self.account: dict[str, Any] = {}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
            answer = yield request
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                return
        answer = yield httpx.Request(
            "POST", request.url.copy_with(path="/api/login", query=None), json=self._login
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        self.token, self.account = answer.json()["access_token"], answer.json()["account"]
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request


@dataclass
class Person:
    """Someone signed in: plain HTTP calls with their token, and the calls that tests make most."""

    http: httpx.AsyncClient
    account: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.http.base_url).rstrip("/")

    async def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = await self.http.get(path, params=parameters)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def provision(self, template: str, name: str = "shop", **more: Any) -> httpx.Response:
        return await self.http.post(
            "/api/provision", json={"name": name, "template": template, "packages": []} | more
        )

    async def project(self, project_id: str) -> dict[str, Any]:
        project: dict[str, Any] = await self.get(f"/api/projects/{project_id}")
        return project

    async def settled(self, project_id: str, *statuses: str, seconds: float = PROVISION_SECONDS) -> dict[str, Any]:
        """Wait until the project has one of these statuses, by following its log and then looking."""
        async with asyncio.timeout(seconds):
            while True:
                project = await self.project(project_id)
                if project["status"] in statuses:
                    return project
                await asyncio.sleep(0.3)

    async def pool(self) -> dict[str, int]:
        counts: dict[str, int] = (await self.get("/api/pool"))["counts"]
        return counts

    async def pool_ready(self, available: int = 6, seconds: float = SETTLE_SECONDS) -> None:
        """Wait until this many machines are available."""
        await self.pool_shows("available", available, seconds)

    async def pool_shows(self, status: str, count: int, seconds: float = SETTLE_SECONDS) -> None:
        """Wait until so many machines are in this state: the pool hears of a project a moment after its owner."""
        async with asyncio.timeout(seconds):
            while (await self.pool())[status] != count:
                await asyncio.sleep(0.3)

    @asynccontextmanager
    async def socket(self, path: str, **parameters: Any) -> AsyncIterator[ClientConnection]:
        """A WebSocket opened with a fresh ticket."""
        answer = await self.http.post("/api/ws-ticket", json={"target": path})
        assert answer.status_code == 201, answer.text
        query = httpx.QueryParams({"ticket": answer.json()["ticket"]} | parameters)
        address = self.url.replace("http", "ws", 1)
        async with connect(f"{address}{path}?{query}", compression=None, max_size=None) as websocket:
            yield websocket

    async def log_frames(self, project_id: str, after: int = 0) -> list[dict[str, Any]]:
        """All frames of a project's log, up to and with the end."""
        async with self.socket(f"/ws/logs/{project_id}", after=after) as websocket:
            return [json.loads(frame) async for frame in websocket]

    async def log_text(self, project_id: str) -> list[str]:
        """The log in its text format: bare lines and the markers."""
        async with self.socket(f"/ws/logs/{project_id}", format="text") as websocket:
            return [str(frame) async for frame in websocket]


async def sign_in(url: str, username: str, password: str) -> Person:
    """Sign in; the caller closes `http`."""
    session = Session(username, password)
    http = httpx.AsyncClient(base_url=url, timeout=30, auth=session)
    answer = await http.get("/api/me")
    assert answer.status_code == 200, answer.text
    return Person(http, session.account)
