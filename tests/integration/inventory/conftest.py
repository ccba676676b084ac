"""The inventory on a real broker and a real database, with SSH servers for machines."""

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import SecretStr

from hcmp_inventory.main import build
from hcmp_inventory.ports.provider import Machine, ProviderError
from hcmp_inventory.settings import InventorySettings
from hcmp_testkit.history import eventually
from hcmp_testkit.issuer import Account, Issuer
from hcmp_testkit.nats import PASSWORD, USER, NatsServer
from hcmp_testkit.ssh_lab import SshLab

OPERATOR_PASSWORD = "the operator's password"

Running = Callable[[], AbstractAsyncContextManager[FastAPI]]


@pytest.fixture(scope="session")
def platform_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@dataclass
class Answers:
    """What machines say when the platform signs in: nothing but their own user, space, and the right time; None
    where a command fails.
    """

    on_it: list[str] = field(default_factory=lambda: ["user hcmp", "port 22"])
    free_kib: int = 50_000_000
    clock: float = 0.0
    broken: bool = False

    async def __call__(self, command: str) -> str | None:
        if self.broken:
            return None
        if command.startswith("df "):
            disk = f"/dev/vda1 60000000 9000000 {self.free_kib} 15% /"
            title = "Filesystem 1024-blocks Used Available Capacity Mounted on"
            return f"{title}\n{disk}\n{time.time() + self.clock}\n"
        return "\n".join([*self.on_it, "end"])


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
async def lab(platform_key: asyncssh.SSHKey, answers: Answers) -> AsyncIterator[SshLab[Machine]]:
    provider = SshLab(Machine, ProviderError, platform_key.public_data, says=answers)
    yield provider
    await provider.close()


@pytest.fixture
def inventory_settings(
    nats_server: NatsServer, database_url: str, tmp_path: Path, platform_key: asyncssh.SSHKey
) -> InventorySettings:
    key_file = tmp_path / "platform-key"
    (tmp_path / "backups").mkdir()
    platform_key.write_private_key(key_file)
    platform_key.write_public_key(tmp_path / "platform-key.pub")
    return InventorySettings(
        port=0,
        nats_url=nats_server.url,
        nats_user=USER,
        nats_password=SecretStr(PASSWORD),
        database_url=SecretStr(database_url),
        public_url="http://hcmp.test",
        fernet_keys=SecretStr(Fernet.generate_key().decode()),
        ssh_key_file=key_file,
        installation="test",
        allow_loopback=True,
        sd_token=SecretStr("the discovery's token"),
        metrics_targets="127.0.0.1:8101, 127.0.0.1:8102",
        backup_directory=tmp_path / "backups",
        reset_nats_user=USER,
        reset_nats_password=SecretStr(PASSWORD),
        health_seconds=0,
        drift_seconds=0,
    )


@pytest.fixture
async def issuer(broker: Client) -> AsyncIterator[Issuer]:
    """Answers in place of the auth service: keys, and whether a password is the operator's."""

    async def verify(message: Msg) -> None:
        password = json.loads(message.data)["password"]
        answer: dict[str, object] = {"ok": password == OPERATOR_PASSWORD}
        if password == "once too often":
            answer |= {"error": "too-many-attempts", "retry_after": 7}
        await message.respond(json.dumps(answer).encode())

    issuer = Issuer()
    async with issuer.answering(broker):
        subscription = await broker.subscribe("hcmp.rpc.auth.verify-password", cb=verify)
        yield issuer
        await subscription.unsubscribe()


@pytest.fixture
def running(inventory_settings: InventorySettings, lab: SshLab[Machine], issuer: Issuer) -> Running:
    """A copy of the service: it runs, with its projector and reactions, until the block is left."""

    @asynccontextmanager
    async def copy() -> AsyncIterator[FastAPI]:
        app = build(inventory_settings, providers={"docker": lab})
        async with app.router.lifespan_context(app):

            async def failures() -> dict[str, str]:
                missing: dict[str, str] = await app.state.readiness.failures()
                return missing

            await eventually(failures, lambda missing: not missing)
            yield app

    return copy


@pytest.fixture
async def inventory_app(running: Running) -> AsyncIterator[FastAPI]:
    async with running() as app:
        yield app


@pytest.fixture
async def signed_in_to(issuer: Issuer) -> AsyncIterator[Callable[[FastAPI, Account], AsyncClient]]:
    async with AsyncExitStack() as stack:

        def client(app: FastAPI, account: Account) -> AsyncClient:
            transport = ASGITransport(app, raise_app_exceptions=False)
            headers = issuer.headers(account)
            http = AsyncClient(transport=transport, base_url="http://hcmp.test", headers=headers, timeout=30)
            stack.push_async_callback(http.aclose)
            return http

        yield client


@pytest.fixture
def signed_in(
    inventory_app: FastAPI, signed_in_to: Callable[[FastAPI, Account], AsyncClient]
) -> Callable[[Account], AsyncClient]:
    return lambda account: signed_in_to(inventory_app, account)


@pytest.fixture
def operator(signed_in: Callable[[Account], AsyncClient]) -> AsyncClient:
    return signed_in(Account("operator", role="admin"))


@pytest.fixture
def mina() -> Account:
    return Account("mina")


@pytest.fixture
def member(signed_in: Callable[[Account], AsyncClient], mina: Account) -> AsyncClient:
    return signed_in(mina)
