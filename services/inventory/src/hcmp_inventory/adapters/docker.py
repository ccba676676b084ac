"""The lab: machines that are containers on this computer, made and remade through the docker SDK."""

import asyncio
import ipaddress
import re
import socket
import tarfile
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import cached_property
from io import BytesIO
from typing import TypeVar

import docker
from docker import DockerClient
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from docker.models.networks import Network

from hcmp_contracts.cause import Cause
from hcmp_contracts.ssh_certificate import principal_of
from hcmp_inventory.adapters import engine_events
from hcmp_inventory.adapters.engine_events import INSTALLATION, MACHINE
from hcmp_inventory.adapters.lab_endpoints import Endpoint, NoRoom, choose_endpoint
from hcmp_inventory.adapters.lab_network import ensure_network, subnet_of
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.ports.connections import CertificateUnavailableError
from hcmp_inventory.ports.provider import (
    ForeignMachine,
    Machine,
    MachineNotReady,
    Power,
    ProviderError,
    no_greeting,
)

_SSH_USER = "hcmp"
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_READY_SECONDS = 30.0
_GONE_SECONDS = 15.0
# The SDK blocks a thread a call, and starting containers is work for the disk.
_AT_ONCE = 4
_TRIES = 3

T = TypeVar("T")


class DockerProvider:
    """Machines of one installation; a machine's reference is its container's name. They let in who has a
    certificate for them by one of the `authorities` (public keys, one a line, asked for whenever a machine is
    made), and the holder of `authorized_key`.
    """

    def __init__(
        self,
        *,
        installation: str,
        image: str,
        authorities: Callable[[], Awaitable[str]] | None = None,
        authorized_key: str = "",
    ) -> None:
        self._installation = installation
        self._image = image
        self._authorities = authorities
        self._authorized_key = authorized_key
        self._slots = asyncio.Semaphore(_AT_ONCE)
        # From choosing an endpoint until a container carries it in its labels.
        self._choosing = threading.Lock()

    @cached_property
    def _client(self) -> DockerClient:
        """Connected at the first use: a service starts, and says what is wrong, without an engine."""
        return docker.from_env(timeout=60)

    async def close(self) -> None:
        if "_client" in vars(self):
            await asyncio.to_thread(self._client.close)

    def changes(self) -> AsyncGenerator[None]:
        """As ports.provider.Announcing."""
        return engine_events.changes(self._installation)

    async def discover(self) -> list[Machine]:
        return await self._blocking(self._discover)

    async def create(self, name: str) -> Machine:
        if not _NAME.fullmatch(name):
            raise ProviderError(f"{name!r} cannot be the name of a machine")
        return await self._remade(name)

    async def recycle(self, provider_ref: str) -> Machine:
        prefix = self._reference("")
        if not provider_ref.startswith(prefix):
            raise ForeignMachine(provider_ref=provider_ref)
        return await self._remade(provider_ref.removeprefix(prefix))

    async def _remade(self, name: str) -> Machine:
        environment = {"HCMP_AUTHORIZED_KEYS": self._authorized_key}
        if self._authorities is not None:
            try:
                trusted = await self._authorities()
            except CertificateUnavailableError as error:
                text = f"a machine would not know whom to trust: {error}"
                raise ProviderError(text, Cause.of("trust-unknown"), *error.causes) from error
            environment |= {"HCMP_SSH_AUTHORITIES": trusted, "HCMP_SSH_PRINCIPAL": principal_of(name)}
        return await self._blocking(lambda: self._replace(name, environment))

    async def destroy(self, provider_ref: str) -> None:
        await self._blocking(lambda: self._remove(provider_ref))

    async def _blocking(self, work: Callable[[], T]) -> T:
        async with self._slots:
            try:
                return await asyncio.to_thread(work)
            except APIError as error:
                said = str(error.explanation or error)
                cause = Cause.of("engine-refused", said=said)
                raise ProviderError(f"the container engine refused: {said}", cause) from error
            except (DockerException, OSError) as error:
                cause = Cause.of("engine-silent", said=str(error))
                raise ProviderError(f"the container engine does not answer: {error}", cause) from error
            except NoRoom as error:
                raise ProviderError(str(error), Cause.of("lab-full")) from error

    def _reference(self, name: str) -> str:
        return f"hcmp-{self._installation}-{name}"

    def _discover(self) -> list[Machine]:
        machines = []
        for container in self._containers():
            try:
                machines.append(_machine(container))
            except NotFound:
                continue  # never started, or removed meanwhile: no machine yet, or no more
        return sorted(machines, key=lambda machine: machine.name)

    def _containers(self) -> list[Container]:
        labels = [f"{INSTALLATION}={self._installation}", MACHINE]
        found: list[Container] = self._client.containers.list(
            all=True, filters={"label": labels}, ignore_removed=True
        )
        return found

    def _find(self, reference: str) -> Container | None:
        try:
            container = self._client.containers.get(reference)
        except NotFound:
            return None
        if container.labels.get(INSTALLATION) != self._installation or MACHINE not in container.labels:
            raise ForeignMachine(provider_ref=reference)
        return container

    def _remove(self, reference: str) -> Endpoint | None:
        """Remove the container if it is there, and say where it was reached."""
        container = self._find(reference)
        if container is None:
            return None
        endpoint = Endpoint.from_labels(container.labels)
        deadline = time.monotonic() + _GONE_SECONDS
        while self._find(reference) is not None:
            if time.monotonic() > deadline:
                raise ProviderError(f"{reference} does not go away", Cause.of("container-stays", name=reference))
            try:
                container.remove(force=True, v=True)
            except NotFound:
                break
            except APIError as error:
                if error.status_code != 409:  # 409: its removal is under way
                    raise
                time.sleep(0.2)
        return endpoint

    def _replace(self, name: str, environment: dict[str, str]) -> Machine:
        """A new container under this name, reached where the old one was if there was one."""
        reference = self._reference(name)
        endpoint = self._remove(reference)
        for _ in range(_TRIES - 1):
            try:
                return self._start(name, environment, endpoint)
            except APIError as error:
                if not _is_taken(error):
                    raise
                # Somebody took the port or the address between the choice and the start: choose again.
                self._remove(reference)
                endpoint = None
        return self._start(name, environment, endpoint)

    def _start(self, name: str, environment: dict[str, str], endpoint: Endpoint | None) -> Machine:
        container = self._make(name, environment, endpoint)
        container.start()
        return _wait_until_ready(container)

    def _make(self, name: str, environment: dict[str, str], endpoint: Endpoint | None) -> Container:
        with self._choosing:
            network = ensure_network(self._client, self._installation, labels={INSTALLATION: self._installation})
            if endpoint is None or ipaddress.ip_address(endpoint.address) not in subnet_of(network):
                taken = [Endpoint.from_labels(container.labels) for container in self._containers()]
                endpoint = choose_endpoint(self._installation, name, subnet=subnet_of(network), taken=taken)
            return self._create_container(name, environment, network, endpoint)

    def _create_container(
        self, name: str, environment: dict[str, str], network: Network, endpoint: Endpoint
    ) -> Container:
        api = self._client.api
        created = api.create_container(
            self._image,
            name=self._reference(name),
            hostname=name,
            detach=True,
            environment=environment,
            labels={INSTALLATION: self._installation, MACHINE: name, **endpoint.labels()},
            ports=[22, 9100],
            host_config=api.create_host_config(
                port_bindings={
                    22: ("127.0.0.1", endpoint.ssh_port),
                    9100: ("127.0.0.1", endpoint.exporter_port),
                },
                restart_policy={"Name": "unless-stopped"},
                mem_limit="1g",
                pids_limit=2048,
                shm_size="128m",
                log_config={"Type": "json-file", "Config": {"max-size": "2m", "max-file": "1"}},
            ),
            networking_config=api.create_networking_config(
                {network.name: api.create_endpoint_config(ipv4_address=endpoint.address, aliases=[name])}
            ),
        )
        container: Container = self._client.containers.get(created["Id"])
        return container


def _is_taken(error: APIError) -> bool:
    text = str(error).lower()
    return "already allocated" in text or "already in use" in text


def _wait_until_ready(container: Container) -> Machine:
    """Wait for the SSH server's greeting: the engine itself accepts connections long before."""
    name = container.labels[MACHINE]
    port = Endpoint.from_labels(container.labels).ssh_port
    deadline = time.monotonic() + _READY_SECONDS
    while not _greets(port):
        container.reload()
        if container.status not in {"created", "running"}:
            status = str(container.status)
            reason = Reason.of(f"its container is {status}", "container-status", status=status)
            raise MachineNotReady(name=name, reason=reason)
        if time.monotonic() > deadline:
            raise MachineNotReady(name=name, reason=no_greeting(_READY_SECONDS))
        time.sleep(0.1)
    container.reload()
    return _machine(container)


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2.0) as connection:
            return connection.recv(64).startswith(b"SSH-2.0-")
    except OSError:
        return False


def _machine(container: Container) -> Machine:
    endpoint = Endpoint.from_labels(container.labels)
    return Machine(
        name=container.labels[MACHINE],
        address=_address(container, endpoint),
        ssh_host="127.0.0.1",
        ssh_port=endpoint.ssh_port,
        ssh_user=_SSH_USER,
        exporter_host="127.0.0.1",
        exporter_port=endpoint.exporter_port,
        provider_ref=container.name,
        host_key=_host_key(container),
        power=_power(container),
    )


def _address(container: Container, endpoint: Endpoint) -> str:
    """Where it is in fact; one that is off is where it will be."""
    networks = container.attrs["NetworkSettings"]["Networks"].values()
    found = [network["IPAddress"] for network in networks if network["IPAddress"]]
    return endpoint.address if not found or endpoint.address in found else str(found[0])


def _power(container: Container) -> Power:
    match container.status:
        case "running":
            return "on"
        case "created" | "exited" | "dead" | "paused":
            return "off"
        case _:
            return "unknown"


def _host_key(container: Container) -> str:
    chunks, _ = container.get_archive(_HOST_KEY)
    with tarfile.open(fileobj=BytesIO(b"".join(chunks))) as archive:
        content = archive.extractfile(archive.next() or "")
        text = content.read().decode() if content else ""
    return " ".join(text.split()[:2])  # without its comment
