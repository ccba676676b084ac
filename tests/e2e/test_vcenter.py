"""Machines of vCenter from their import to their return: configured by Ansible over SSH, and clean again after it.

Behind each virtual machine of the API simulator stands a lab machine. A snapshot keeps its disk as an image, and a
revert makes it anew from that image, host key and all: as a hypervisor does.
"""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import asyncssh
import docker
import httpx
import pytest

from hcmp_cli.lab import ensure_images, remove_all
from hcmp_inventory.adapters.docker import DockerProvider
from hcmp_inventory.ports.provider import Machine
from hcmp_testkit.gateway import Person
from hcmp_testkit.installation import Installation
from hcmp_testkit.vcenter import DATACENTER, PASSWORD, USERNAME, Certificate, SimulatedVcenter, simulated_vcenter

pytestmark = [pytest.mark.installation, pytest.mark.containers, pytest.mark.usefixtures("full_pool")]

IMPORTED = "DC0_C0_RP0_VM0"
TEMPLATE = "DC0_C0_RP0_VM1"


@dataclass
class Hypervisor:
    """Does to lab machines what is ordered of the virtual machines in front of them."""

    installation: str
    key: asyncssh.SSHKey
    image: str
    authorities: str
    behind: dict[str, Machine] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    vcenter: SimulatedVcenter | None = None

    async def add(self, address_of: str, name: str) -> Machine:
        made = await self._provider(self.image).create(name)
        self.behind[address_of] = made
        return made

    def _provider(self, image: str) -> DockerProvider:
        """They trust the platform, and let the test's own key in."""

        async def authorities() -> str:
            return self.authorities

        return DockerProvider(
            installation=self.installation,
            image=image,
            authorities=authorities,
            authorized_key=self.key.export_public_key().decode().strip(),
        )

    def obey(self, method: str, reference: str) -> None:
        """Called before the simulator does it."""
        if method == "CreateSnapshot_Task":
            self._keep(self._name(reference))
        if method == "RevertToSnapshot_Task":
            name = self._owner(reference)
            provider = self._provider(self.images[name])
            asyncio.run(provider.recycle(self.behind[name].provider_ref))

    def _keep(self, name: str) -> None:
        with closing(docker.from_env()) as client:
            container = client.containers.get(self.behind[name].provider_ref)
            tag = f"{self.installation}-{name.lower()}"
            container.commit(repository=tag, tag="clean")
            self.images[name] = f"{tag}:clean"

    def _name(self, reference: str) -> str:
        return next(name for name, machine in self._machines() if machine._moId == reference)

    def _owner(self, snapshot: str) -> str:
        """Whose snapshot this is."""
        owned = ((name, machine) for name, machine in self._machines() if name in self.images)
        return next(name for name, machine in owned if machine.snapshot.currentSnapshot._moId == snapshot)

    def _machines(self) -> Iterator[tuple[str, Any]]:
        """The simulated machines that something stands behind. A clone's name begins with the installation's."""
        assert self.vcenter is not None
        for machine in self.vcenter.machines():
            for name in self.behind:
                if machine.name.endswith(name):
                    yield name, machine

    def remove(self) -> None:
        remove_all(self.installation)
        with closing(docker.from_env()) as client:
            for image in self.images.values():
                client.images.remove(image, force=True)


@contextmanager
def listening(hypervisor: Hypervisor) -> Iterator[str]:
    """Where the simulator tells of each call."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            hypervisor.obey(form["method"], form.get("object", ""))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
async def hypervisor(installation: Installation, tmp_path: Path) -> AsyncIterator[Hypervisor]:
    lab = await asyncio.to_thread(ensure_images, print)
    async with httpx.AsyncClient(base_url=installation.url) as http:
        authorities = (await http.get("/.well-known/ssh-authorities")).text.strip()
    key = asyncssh.generate_private_key("ssh-ed25519")
    made = Hypervisor(f"e2e-{secrets.token_hex(4)}", key, lab.lab, authorities)
    try:
        with listening(made) as hook:
            certificate = Certificate.made_in(tmp_path)
            async with simulated_vcenter(certificate, options={"machines": 2, "hook": hook}) as vcenter:
                made.vcenter = vcenter
                yield made
    finally:
        await asyncio.to_thread(made.remove)


async def run(key: asyncssh.SSHKey, machine: dict[str, Any], command: str) -> str:
    """Run a command on a machine of the pool, which must show the pinned host key."""
    async with asyncssh.connect(
        machine["ssh_host"],
        machine["ssh_port"],
        username=machine["ssh_user"],
        client_keys=[key],
        known_hosts=([asyncssh.import_public_key(machine["host_key"])], [], []),
        config=None,
        agent_path=None,
    ) as connection:
        return str((await connection.run(command, check=True)).stdout).strip()


@pytest.fixture
async def connected(operator: Person, hypervisor: Hypervisor) -> AsyncIterator[SimulatedVcenter]:
    """The platform is connected to vCenter, and only vCenter's machines are free."""
    vcenter = hypervisor.vcenter
    assert vcenter is not None
    settings = {
        "vcenter_host": "127.0.0.1",
        "vcenter_port": str(vcenter.port),
        "vcenter_username": USERNAME,
        "vcenter_password": PASSWORD,
        "vcenter_datacenter": DATACENTER,
        "vcenter_fingerprint": vcenter.certificate.fingerprint,
    }
    tested = (await operator.http.post("/api/admin/settings/test-vcenter", json=settings)).json()
    assert tested["ok"], tested
    assert (await operator.http.put("/api/admin/settings", json=settings)).status_code == 200
    lab = [vm["id"] for vm in (await operator.get("/api/vms"))["vms"]]
    for vm_id in lab:
        aside = await operator.http.post(f"/api/vms/{vm_id}/maintenance", json={"reason": "vCenter's turn"})
        assert aside.status_code == 200, aside.text
    yield vcenter
    own = [vm["id"] for vm in (await operator.get("/api/vms"))["vms"] if vm["provider"] == "vsphere"]
    async with asyncio.timeout(60):
        while own:  # a project that failed holds its machine for a moment
            own = [vm for vm in own if (await operator.http.delete(f"/api/vms/{vm}")).status_code != 204]
            await asyncio.sleep(0.2)
    for vm_id in lab:
        assert (await operator.http.post(f"/api/vms/{vm_id}/return")).status_code == 200
    async with asyncio.timeout(30):
        while any(
            item["taken"] for item in (await operator.get("/api/vcenter/inventory", kind="machines"))["items"]
        ):
            await asyncio.sleep(0.2)
    await operator.http.put("/api/admin/settings", json=dict.fromkeys(settings, ""))


@pytest.mark.timeout(600)
async def test_machines_of_vcenter_are_imported_and_cloned_used_and_brought_back(
    operator: Person,
    member: Person,
    hypervisor: Hypervisor,
    connected: SimulatedVcenter,
) -> None:
    first = await hypervisor.add(IMPORTED, "dc0-c0-rp0-vm0")
    second = await hypervisor.add("vm-01", "vm-01")
    await asyncio.to_thread(connected.answer_at, IMPORTED, first.address)
    await asyncio.to_thread(connected.switch_on, IMPORTED)

    preview = await operator.get("/api/vcenter/inventory", kind="machines", name_pattern="*VM0")
    assert [(item["address"], item["taken"]) for item in preview["items"]] == [(first.address, False)]
    imported = await operator.http.post("/api/vms/import", json={"provider": "vsphere", "name_pattern": "*VM0"})
    assert imported.status_code == 201, imported.text
    [old] = imported.json()["vms"]
    assert (old["host_key"], old["address"]) == (first.host_key, first.address)
    assert old["ssh_certificates"] is True
    cloned = await operator.http.post(
        "/api/vms/import",
        json={
            "provider": "vsphere",
            "count": 1,
            "template": TEMPLATE,
            "address_range": f"{second.address}-{second.address}/24",
        },
        timeout=60,
    )
    assert cloned.status_code == 201, cloned.text
    [new] = cloned.json()["vms"]
    assert (new["name"], new["address"], new["host_key"]) == ("vm-01", second.address, second.host_key)
    assert (await operator.pool())["available"] == 2

    requested = await member.provision("single")
    assert requested.status_code == 202, requested.text
    project = await member.settled(requested.json()["project_id"], "completed", "failed")
    assert project["status"] == "completed", project["failure"]
    [used] = [vm for vm in (old, new) if vm["id"] == project["vms"][0]["id"]]
    assert await run(hypervisor.key, used, "test -e /etc/nginx && echo there") == "there"
    assert (await member.http.delete(f"/api/projects/{project['id']}")).status_code == 202
    await member.settled(project["id"], "deleted")
    await operator.pool_ready(2)

    assert await connected.calls("RevertToSnapshot_Task") == 1
    clean = await operator.get(f"/api/vms/{used['id']}")
    assert (clean["status"], clean["host_key"]) == ("available", used["host_key"])
    assert await run(hypervisor.key, clean, "test -e /etc/nginx || echo gone") == "gone"
