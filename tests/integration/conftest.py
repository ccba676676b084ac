"""The auth service on a real broker and a real database, as its callers meet it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from nats.aio.client import Client
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from hcmp_auth.adapters.ssh_authority import SshAuthority
from hcmp_auth.api.broker import answer_certificate_requests
from hcmp_auth.handlers.certificates import CertificateOffice
from hcmp_auth.main import build as build_auth
from hcmp_auth.settings import AuthSettings
from hcmp_contracts.ssh_certificate import principal_of
from hcmp_eventstore.store import EventStore, utc_now
from hcmp_testkit.nats import PASSWORD, USER, NatsServer

Visitor = Callable[..., Awaitable[AsyncClient]]


@dataclass
class MovableClock:
    """The real time, moved on by as much as a test says."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@pytest.fixture
def auth_clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def advance_time(auth_clock: MovableClock) -> Callable[[float], None]:
    return auth_clock.advance


@pytest.fixture
def auth_settings(nats_server: NatsServer, database_url: str, tmp_path: Path) -> AuthSettings:
    key_file = tmp_path / "signing-key.pem"
    key_file.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    authorities = [tmp_path / "ssh-authority", tmp_path / "ssh-authority-to-come"]
    for path in authorities:
        path.write_bytes(
            Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        )
    return AuthSettings(
        port=0,
        nats_url=nats_server.url,
        nats_user=USER,
        nats_password=SecretStr(PASSWORD),
        database_url=SecretStr(database_url),
        public_url="http://hcmp.test",
        signing_key_file=key_file,
        ssh_authority_files=",".join(map(str, authorities)),
        ssh_source_addresses="127.0.0.0/8, 10.0.0.7",
        operator_username="operator",
        operator_password=SecretStr("the operator's password"),
    )


@pytest.fixture
async def auth_app(auth_settings: AuthSettings, auth_clock: MovableClock) -> AsyncIterator[FastAPI]:
    app = build_auth(auth_settings, clock=auth_clock)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def visitor(auth_app: FastAPI) -> AsyncIterator[Visitor]:
    """A browser of its own, with its own cookies; signed in when a name is given."""
    async with AsyncExitStack() as stack:

        async def arrive(
            username: str = "", password: str = "correct horse", address: str = "192.0.2.1"
        ) -> AsyncClient:
            transport = ASGITransport(auth_app, client=(address, 1), raise_app_exceptions=False)
            http = await stack.enter_async_context(AsyncClient(transport=transport, base_url="http://hcmp.test"))
            if username:
                answer = await http.post("/api/login", json={"username": username, "password": password})
                assert answer.status_code == 200, answer.text
                http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            return http

        yield arrive


@pytest.fixture
async def auth_admin(visitor: Visitor) -> AsyncClient:
    return await visitor("operator", "the operator's password")


@pytest.fixture
async def alice(auth_admin: AsyncClient) -> str:
    """The id of a registered and approved account, whose password is `correct horse`."""
    form = {
        "username": "alice",
        "password": "correct horse",
        "full_name": "김앨리스",
        "email": "alice@example.org",
    }
    account_id: str = (await auth_admin.post("/api/register", json=form)).json()["id"]
    assert (await auth_admin.post(f"/api/admin/accounts/{account_id}/approve")).status_code == 200
    return account_id


@pytest.fixture
def office(event_store: EventStore) -> CertificateOffice:
    """The part of auth that signs SSH certificates, for services whose machines trust it."""
    return CertificateOffice(event_store, SshAuthority([Ed25519PrivateKey.generate()]), utc_now, uuid7)


@pytest.fixture
def trusting(office: CertificateOffice) -> Callable[[str], str]:
    """The line of an authorized_keys file by which a machine of a name trusts the office."""
    [key] = office.authority.public_keys()
    return lambda machine: f'cert-authority,principals="{principal_of(machine)}" {key}'


@pytest.fixture
async def signing(office: CertificateOffice, broker: Client) -> CertificateOffice:
    """The office answers, and the broker knows: a ping may overtake what it is to follow, so one is not enough."""
    await answer_certificate_requests(broker, office)
    await broker.flush()
    await broker.flush()
    return office
