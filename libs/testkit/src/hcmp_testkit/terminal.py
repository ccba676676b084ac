"""The terminal service as a real process, machines with real SSH servers, and people with browsers."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncssh
from cryptography.fernet import Fernet
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hcmp_contracts.terminal_session import TerminalSessionClosed, TerminalSessionOpened
from hcmp_contracts.vm import VM_CREDENTIAL, VmAssigned, VmRegistered, VmReserved
from hcmp_eventstore.reader import read_batches
from hcmp_eventstore.recorded import Recorded, read_recorded
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import EVENTS
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account, Issuer
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.process import ServiceProcess, running
from hcmp_testkit.ssh_machine import SshMachine
from hcmp_webkit.vault import Binding, Vault

ADDRESS = "10.99.0.7"


@dataclass
class Screen:
    """A browser's terminal: what it shows, and the frames that it is told."""

    socket: ClientConnection

    async def tell(self, frame: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(frame))

    async def type(self, text: str) -> None:
        await self.socket.send(text.encode())

    async def told(self, seconds: float = 15) -> dict[str, Any]:
        """The next text frame; what is shown before it is left out."""
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.socket.recv()
                if isinstance(frame, str):
                    told: dict[str, Any] = json.loads(frame)
                    return told

    async def shows(self, text: str, seconds: float = 5) -> None:
        """Wait until the screen has shown this text."""
        shown = b""
        async with asyncio.timeout(seconds):
            while text.encode() not in shown:
                frame = await self.socket.recv()
                assert isinstance(frame, bytes), f"{frame!r} came after {shown!r}"
                shown += frame

    async def closed(self, seconds: float = 5) -> int:
        """Wait for the end; the close code."""
        async with asyncio.timeout(seconds):
            try:
                while True:
                    await self.socket.recv()
            except ConnectionClosed:
                assert self.socket.close_code is not None
                return self.socket.close_code


@dataclass
class TerminalLab:
    """Everything around the terminal service."""

    service: ServiceProcess
    store: EventStore
    issuer: Issuer
    platform_key: asyncssh.SSHKey
    vault: Vault
    settings: dict[str, str]

    async def register(self, machine: SshMachine, *, secret: str | None = None, **changes: Any) -> str:
        """Put a machine into the pool, with a secret in clear that opens it; its id."""
        vm_id = str(uuid4())
        facts: dict[str, Any] = {
            "name": "lab-1",
            "address": ADDRESS,
            "ssh_host": "127.0.0.1",
            "ssh_port": machine.port,
            "ssh_user": "hcmp",
            "exporter_host": "127.0.0.1",
            "exporter_port": 9100,
            "provider": "static",
            "provider_ref": "",
            "host_key": machine.public_host_key,
            "credential": secret and self.vault.seal(secret, Binding(VM_CREDENTIAL, vm_id)),
        }
        await happened(self.store, vm_id, VmRegistered(**(facts | changes)))
        return vm_id

    async def assign(self, vm_id: str, owner: Account) -> str:
        """Give a machine to a new project of this account; the project's id."""
        project = str(uuid4())
        reserved = VmReserved(project_id=project, owner_id=owner.id, role="web")
        await happened(self.store, vm_id, reserved, VmAssigned(project_id=project))
        return project

    @asynccontextmanager
    async def screen(self, account: Account, machine: str, **options: Any) -> AsyncIterator[Screen]:
        """A browser that opens a machine with a ticket, as soon as the service knows the machine."""
        path = f"/ws/ssh/{machine}"

        async def opened() -> ClientConnection | None:
            url = f"{self.service.ws_url}{path}?ticket={self.issuer.ticket(account, path)}"
            try:
                return await connect(url, compression=None, close_timeout=1, **options)
            except InvalidStatus as refused:
                if refused.response.status_code != 404:
                    raise
                return None

        socket = await eventually(opened, lambda seen: seen is not None)
        assert socket is not None
        async with socket:
            yield Screen(socket)

    async def recorded(self, events: int, seconds: float = 10) -> list[Recorded[Any]]:
        """What the log says of terminal sessions, once it holds this many events of them."""
        found: list[Recorded[Any]] = []
        subjects = [
            f"hcmp.terminal-session.*.{event.verb()}" for event in (TerminalSessionOpened, TerminalSessionClosed)
        ]
        async with asyncio.timeout(seconds):
            async for batch in read_batches(self.store.client, stream=EVENTS, subjects=subjects, after=0):
                found += [read_recorded(*message) for message in batch]
                if len(found) >= events:
                    return found
        raise AssertionError("unreachable")


@asynccontextmanager
async def terminal_lab(nats: NatsServer, database_url: str, store: EventStore) -> AsyncIterator[TerminalLab]:
    """The terminal service with a key of its own, on this broker and database."""
    issuer, key, former = Issuer(), asyncssh.generate_private_key("ssh-ed25519"), Fernet.generate_key().decode()
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hcmp-terminal-")))
        key.write_private_key(directory / "platform")
        settings = {
            "HCMP_SSH_KEY_FILE": str(directory / "platform"),
            # The first key seals; that of earlier times still opens.
            "HCMP_FERNET_KEYS": f"{Fernet.generate_key().decode()},{former}",
        }
        await stack.enter_async_context(issuer.answering(store.client))
        service = await stack.enter_async_context(
            running("hcmp_terminal", nats=nats, database_url=database_url, settings=settings)
        )
        yield TerminalLab(service, store, issuer, key, Vault(former), settings)
