"""A lab without containers: machines are SSH servers inside the test's process, made and remade as by a provider.

A service's own type of machine is handed in, so that this knows no service.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import asyncssh

USER = "hcmp"
M = TypeVar("M")


class _Door(asyncssh.SSHServer):
    """Lets one user in, by one key or by one password; whom asyncssh lets in by itself, it does too."""

    def __init__(self, machine: "SshMachine") -> None:
        self._machine = machine

    def public_key_auth_supported(self) -> bool:
        return self._machine.authorized_key is not None or bool(self._machine.trusts)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key.public_data == self._machine.authorized_key

    def password_auth_supported(self) -> bool:
        return self._machine.password is not None

    def validate_password(self, username: str, password: str) -> bool:
        return username == USER and password == self._machine.password


async def well(command: str) -> str | None:
    """What a clean machine with room and the right time says when the platform looks at it."""
    if command.startswith("df "):
        return f"Filesystem 1024-blocks Used Available\n/dev/vda1 60000000 9000000 50000000\n{time.time()}\n"
    return "user hcmp\nend"


@dataclass
class SshMachine:
    """One SSH server on loopback. Starting it again keeps its port and changes its host key. `trusts` are lines of
    an authorized_keys file, a certificate authority's for one. `says` answers the commands that are run there;
    None for one that fails.
    """

    authorized_key: bytes | None = None
    password: str | None = None
    trusts: str = ""
    port: int = 0
    host_key: str = ""
    host: str = "127.0.0.1"
    says: Callable[[str], Awaitable[str | None]] = well
    _key: asyncssh.SSHKey | None = None
    _listener: asyncssh.SSHAcceptor | None = None

    async def start(self, *, same_key: bool = False) -> None:
        if self._key is None or not same_key:
            self._key = asyncssh.generate_private_key("ssh-ed25519")
        key = self._key
        self._listener = await asyncssh.listen(
            self.host,
            self.port,
            server_factory=lambda: _Door(self),
            server_host_keys=[key],
            authorized_client_keys=asyncssh.import_authorized_keys(self.trusts) if self.trusts else None,
            process_factory=self._answer,
        )
        self.port = self._listener.get_port()
        self.host_key = " ".join(key.export_public_key().decode().split()[:2])

    async def _answer(self, process: asyncssh.SSHServerProcess[str]) -> None:
        said = await self.says(process.command or "")
        process.stdout.write(said or "")
        process.exit(1 if said is None else 0)

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
            await self._listener.wait_closed()
            self._listener = None

    async def remake(self) -> None:
        await self.stop()
        await self.start()


@dataclass
class SshLab(Generic[M]):
    """A provider of such machines. `machine` is the service's type, `error` what its provider raises.

    `trusts` says what a machine of this name trusts beside the key. `broken` is how many of the next calls fail;
    `gate` holds recycles until it is set; `says` is what new machines answer; `power` is what is told of a machine
    by name.
    """

    machine: Callable[..., M]
    error: type[Exception]
    authorized_key: bytes | None
    trusts: Callable[[str], str] = lambda _: ""
    machines: dict[str, SshMachine] = field(default_factory=dict)
    recycled: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    broken: int = 0
    says: Callable[[str], Awaitable[str | None]] = well
    power: dict[str, str] = field(default_factory=dict)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def discover(self) -> list[M]:
        return [self._described(name) for name in sorted(self.machines)]

    async def create(self, name: str) -> M:
        self._fail_if_broken()
        await self.destroy(f"lab/{name}")
        machine = self.machines[name] = SshMachine(
            authorized_key=self.authorized_key, trusts=self.trusts(name), says=self.says
        )
        await machine.start()
        return self._described(name)

    async def recycle(self, provider_ref: str) -> M:
        self.begun.set()
        self.waiting.append(provider_ref)
        try:
            await self.gate.wait()
        finally:
            self.waiting.remove(provider_ref)
        self._fail_if_broken()
        name = provider_ref.removeprefix("lab/")
        self.recycled.append(name)
        await self.machines[name].remake()
        return self._described(name)

    async def destroy(self, provider_ref: str) -> None:
        machine = self.machines.pop(provider_ref.removeprefix("lab/"), None)
        if machine is not None:
            await machine.stop()

    async def close(self) -> None:
        for name in list(self.machines):
            await self.destroy(f"lab/{name}")

    def _fail_if_broken(self) -> None:
        if self.broken:
            self.broken -= 1
            raise self.error("the lab is broken")

    def _described(self, name: str) -> M:
        machine = self.machines[name]
        return self.machine(
            name=name,
            address=f"{name}.lab.test",
            ssh_host="127.0.0.1",
            ssh_port=machine.port,
            ssh_user=USER,
            exporter_host="127.0.0.1",
            exporter_port=9100,
            provider_ref=f"lab/{name}",
            host_key=machine.host_key,
            power=self.power.get(name, "on"),
        )
