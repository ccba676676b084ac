"""The provisioner's API as a real process, with an inventory beside it that has a number of machines to give."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from websockets.asyncio.client import connect

from hcmp_contracts.account import AccountRegistered, Role
from hcmp_contracts.allocation import (
    AllocationDenied,
    AllocationGranted,
    AllocationQueued,
    AllocationReleased,
    GrantedMachine,
)
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.logs import LineFrame
from hcmp_contracts.project import (
    HoldEnded,
    ProjectAdmitted,
    ProjectCancelled,
    ProjectDeleted,
    ProjectRequested,
    ProvisioningFailed,
    RetryRequested,
    RoleCount,
)
from hcmp_eventstore.logstream import open_log
from hcmp_eventstore.reactor import Reactor
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore, utc_now
from hcmp_testkit.history import happened
from hcmp_testkit.issuer import Account, Issuer
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.process import ServiceProcess, running

WISHES = ("requested", "admitted", "retry-requested")
RETURNS = ("provisioning-failed", "hold-ended", "cancelled", "deleted")


@dataclass
class PretendedInventory:
    """Answers wishes for machines as the inventory does, from `available` ones; while `silent`, not at all."""

    store: EventStore
    available: int = 6
    silent: bool = False
    machine: dict[str, Any] = field(default_factory=dict)
    _holding: dict[str, AllocationGranted] = field(default_factory=dict)

    def reactor(self) -> Reactor:
        subjects = [f"hcmp.project.*.{verb}" for verb in (*WISHES, *RETURNS)]
        return Reactor(self.store.client, "pretended", "inventory", subjects, self._react)

    async def _react(self, recorded: Recorded[DomainEvent]) -> None:
        place = recorded.aggregate_id
        match recorded.event:
            case ProjectRequested(held_back=False) as event:
                await self.answer(place, event.owner_id, event.roles, attempt=1, wait=event.wait)
            case RetryRequested(keep_machines=True) as event if place in self._holding:
                await self._grant_again(place, event.attempt)
            case ProjectAdmitted() | RetryRequested() as event:
                await self.answer(place, event.owner_id, event.roles, attempt=event.attempt, wait=event.wait)
            case ProvisioningFailed(held_until=None) | HoldEnded() | ProjectCancelled() | ProjectDeleted():
                await self._release(place)
            case _:
                pass

    async def answer(
        self, project_id: str, owner_id: str, roles: list[RoleCount], *, attempt: int, wait: bool = False
    ) -> None:
        needed = sum(role.count for role in roles)
        if self.silent:
            return
        if needed > self.available and wait:
            names = [role.name for role in roles for _ in range(role.count)]
            queued = AllocationQueued(
                attempt=attempt, needed=needed, available=self.available, owner_id=owner_id, roles=names
            )
            await happened(self.store, project_id, queued)
            return
        if needed > self.available:
            denied = AllocationDenied(attempt=attempt, needed=needed, available=self.available)
            await happened(self.store, project_id, denied)
            return
        self.available -= needed
        names = [role.name for role in roles for _ in range(role.count)]
        machines = [self._machine(number, role) for number, role in enumerate(names, start=1)]
        granted = AllocationGranted(owner_id=owner_id, attempt=attempt, machines=machines)
        self._holding[project_id] = granted
        await happened(self.store, project_id, granted)

    async def _grant_again(self, project_id: str, attempt: int) -> None:
        granted = self._holding[project_id].model_copy(update={"attempt": attempt, "fresh": False})
        self._holding[project_id] = granted
        await happened(self.store, project_id, granted)

    async def _release(self, project_id: str) -> None:
        if held := self._holding.pop(project_id, None):
            self.available += len(held.machines)
            await happened(self.store, project_id, AllocationReleased(reason="over", attempt=held.attempt))

    def _machine(self, number: int, role: str) -> GrantedMachine:
        facts: dict[str, Any] = {
            "vm_id": str(uuid4()),
            "name": f"vm-{number}",
            "address": f"10.0.0.{number}",
            "role": role,
            "ssh_host": "127.0.0.1",
            "ssh_port": 22,
            "ssh_user": "hcmp",
            "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA",
        }
        return GrantedMachine(**(facts | self.machine))


@dataclass
class ProjectLab:
    """Everything around the API of projects."""

    service: ServiceProcess
    store: EventStore
    issuer: Issuer
    inventory: PretendedInventory

    async def register(self, account: Account, *, quota: int = 10, runs: int = 10) -> None:
        await happened(
            self.store,
            account.id,
            AccountRegistered(
                username=account.username,
                full_name="",
                email="",
                role=Role(account.role),
                machine_quota=quota,
                run_quota=runs,
            ),
        )

    async def call(
        self, account: Account, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.service.url, timeout=20) as http:
            return await http.request(method, path, json=body, headers=self.issuer.headers(account) | headers)

    async def provision(self, account: Account, **body: Any) -> str:
        """The id of a new project, whose machines are granted."""
        answer = await self.call(account, "POST", "/api/provision", {"name": "shop", "template": "single"} | body)
        assert answer.status_code == 202, answer.text
        project_id: str = answer.json()["project_id"]
        return project_id

    async def write_lines(self, project_id: str, *texts: str) -> int:
        """Write lines into a project's log as its worker does; the sequence of the last."""
        log = await open_log(self.store.client, project_id)
        await log.append([log.number(LineFrame(seq=0, time=utc_now(), text=text)) for text in texts])
        return log.sequence

    async def follow(self, account: Account, project_id: str, query: str = "") -> AsyncIterator[str]:
        """The frames of a project's log until the service closes the socket."""
        path = f"/ws/logs/{project_id}"
        url = f"{self.service.ws_url}{path}?ticket={self.issuer.ticket(account, path)}{query}"
        async with connect(url) as socket:
            async for frame in socket:
                yield str(frame)
            assert socket.close_code == 1000

    async def frames(self, account: Account, project_id: str, query: str = "") -> list[dict[str, Any]]:
        return [json.loads(frame) async for frame in self.follow(account, project_id, query)]


@asynccontextmanager
async def _beside(reactor: Reactor) -> AsyncIterator[None]:
    task = asyncio.create_task(reactor.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def project_lab(
    nats: NatsServer, database_url: str, store: EventStore, playbooks: Path, **more: str
) -> AsyncIterator[ProjectLab]:
    """The API with these playbooks and more settings, an issuer of tokens, and an inventory."""
    issuer, inventory = Issuer(), PretendedInventory(store)
    settings = {"HCMP_PLAYBOOKS_DIR": str(playbooks), **more}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(issuer.answering(store.client))
        await stack.enter_async_context(_beside(inventory.reactor()))
        service = await stack.enter_async_context(
            running("hcmp_provisioner", nats=nats, database_url=database_url, settings=settings)
        )
        yield ProjectLab(service, store, issuer, inventory)
