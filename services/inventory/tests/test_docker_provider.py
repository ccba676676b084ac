"""The lab's provider with real containers: what it hands out is a machine that answers."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing

import asyncssh
import docker
import httpx
import pytest

from hcmp_cli.lab import ensure_engine, ensure_images, remove_all, start_machines, stop_all
from hcmp_inventory.adapters.docker import DockerProvider
from hcmp_inventory.ports.provider import ForeignMachine, Machine, ProviderError

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

KEY = asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture(scope="module")
def lab_image(tmp_path_factory: pytest.TempPathFactory) -> str:
    ensure_engine(print, tmp_path_factory.mktemp("engine"))
    return ensure_images(print).lab


@pytest.fixture
def installation() -> Iterator[str]:
    name = f"test-{secrets.token_hex(4)}"
    yield name
    remove_all(name)


@asynccontextmanager
async def provider_of(installation: str, image: str) -> AsyncIterator[DockerProvider]:
    public = KEY.export_public_key().decode().strip()
    provider = DockerProvider(installation=installation, image=image, authorized_key=public)
    yield provider
    await provider.close()


@pytest.fixture
async def provider(installation: str, lab_image: str) -> AsyncIterator[DockerProvider]:
    async with provider_of(installation, lab_image) as provider:
        yield provider


async def eventually(attempt: Callable[[], Awaitable[str]], *, seconds: float = 15) -> str:
    """The first answer that an attempt gives without failing."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await attempt()
            except (OSError, asyncssh.Error, KeyError):
                await asyncio.sleep(0.1)


async def run(machine: Machine, command: str) -> str:
    """Run a command on the machine, with its host key pinned."""
    trusted = asyncssh.import_known_hosts(f"[{machine.ssh_host}]:{machine.ssh_port} {machine.host_key}")
    async with asyncssh.connect(
        machine.ssh_host,
        machine.ssh_port,
        username=machine.ssh_user,
        client_keys=[KEY],
        known_hosts=trusted,
        config=None,
        agent_path=None,
    ) as connection:
        done = await connection.run(command, check=True)
        return str(done.stdout).strip()


async def test_machines_made_at_once_are_separate_and_reach_each_other(provider: DockerProvider) -> None:
    names = [f"lab-{number:02}" for number in range(1, 5)]
    machines = await asyncio.gather(*(provider.create(name) for name in names))

    assert await provider.discover() == machines
    assert {machine.power for machine in machines} == {"on"}
    assert [await run(machine, "hostname") for machine in machines] == names
    assert len({machine.address for machine in machines}) == 4
    assert len({machine.host_key for machine in machines}) == 4
    assert len({port for machine in machines for port in (machine.ssh_port, machine.exporter_port)}) == 8
    assert await run(machines[0], "sudo -n id -u") == "0"
    assert "1 received" in await run(machines[0], f"ping -c 1 -W 5 {machines[1].address}")


async def test_a_machine_measures_itself_and_not_the_whole_computer(provider: DockerProvider) -> None:
    machine = await provider.create("lab-01")
    url = f"http://{machine.exporter_host}:{machine.exporter_port}/metrics"
    figures: dict[str, str] = {}

    async def memory() -> str:
        async with httpx.AsyncClient(trust_env=False) as client:
            text = (await client.get(url)).text
        samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        figures.update((name, value) for name, _, value in samples)
        return figures["node_memory_MemTotal_bytes"]

    assert float(await eventually(memory)) == 2**30
    assert float(figures["node_memory_MemAvailable_bytes"]) < 2**30
    assert 'node_cpu_seconds_total{cpu="0",mode="idle"}' in figures
    assert any(name.startswith("node_filesystem_size_bytes") and 'mountpoint="/"' in name for name in figures)


async def test_recycling_leaves_nothing_but_the_place(provider: DockerProvider) -> None:
    before = await provider.create("lab-01")
    await run(before, "sudo touch /srv/secret")

    after = await provider.recycle(before.provider_ref)

    assert after.host_key != before.host_key
    assert (after.name, after.address, after.ssh_port, after.exporter_port, after.provider_ref) == (
        before.name,
        before.address,
        before.ssh_port,
        before.exporter_port,
        before.provider_ref,
    )
    assert await run(after, "ls /srv") == ""


async def test_a_machine_comes_back_as_it_was_after_the_lab_was_stopped(
    provider: DockerProvider, installation: str
) -> None:
    before = await provider.create("lab-01")
    await run(before, "sudo apt-get install -y nginx-light && sudo service nginx status")

    await asyncio.to_thread(stop_all, installation)
    assert [machine.power for machine in await provider.discover()] == ["off"]
    await asyncio.to_thread(start_machines, installation)

    status = await eventually(lambda: run(before, "sudo service nginx status"))
    assert await provider.discover() == [before]
    assert status == "nginx is running."


async def test_what_a_failed_try_left_is_replaced(provider: DockerProvider, installation: str) -> None:
    machine = await provider.create("lab-01")
    with closing(docker.from_env()) as client:
        client.containers.get(machine.provider_ref).kill()

    again = await provider.create("lab-01")

    assert again.address == machine.address
    assert await run(again, "hostname") == "lab-01"
    assert len(await provider.discover()) == 1


async def test_a_machine_that_was_lost_is_recycled_to_its_old_place(provider: DockerProvider) -> None:
    machine = await provider.create("lab-02")
    await provider.destroy(machine.provider_ref)
    again = await provider.recycle(machine.provider_ref)
    assert (again.address, again.ssh_port) == (machine.address, machine.ssh_port)


async def test_destroying_what_is_gone_is_no_error(provider: DockerProvider) -> None:
    machine = await provider.create("lab-01")
    await provider.destroy(machine.provider_ref)
    await provider.destroy(machine.provider_ref)
    assert await provider.discover() == []


async def test_another_installations_machine_is_not_touched(provider: DockerProvider, lab_image: str) -> None:
    other = f"test-{secrets.token_hex(4)}"
    async with provider_of(other, lab_image) as theirs:
        machine = await theirs.create("lab-01")
        with pytest.raises(ForeignMachine):
            await provider.destroy(machine.provider_ref)
        with pytest.raises(ForeignMachine):
            await provider.recycle(machine.provider_ref)
        assert await theirs.discover() == [machine]
        assert await provider.discover() == []
    await asyncio.to_thread(remove_all, other)


@pytest.mark.parametrize("name", ["", "Lab", "-lab", "lab/1", "lab 1", "l" * 41, "lab\n"])
async def test_a_name_that_is_no_host_name_is_refused(provider: DockerProvider, name: str) -> None:
    with pytest.raises(ProviderError):
        await provider.create(name)


async def test_an_engine_that_does_not_answer_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    provider = DockerProvider(installation="x", image="hcmp-lab:none", authorized_key="ssh-ed25519 AAAA")
    with pytest.raises(ProviderError, match="does not answer"):
        await provider.discover()
