"""A vCenter of a test's own: govmomi's API simulator behind TLS, with the orders that a test gives it.

It is a real server of the real API with simulated machines. What answers on SSH behind such a machine a test
brings itself: it gives the machine that one's address.
"""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

SCRIPT = Path(__file__).parents[4] / "deploy" / "local" / "vcenter-simulator.sh"
USERNAME = "hcmp@vsphere.local"
PASSWORD = "simulated"
DATACENTER = "DC0"
START_SECONDS = 60
CATEGORY = "/rest/com/vmware/cis/tagging/category"
TAG = "/rest/com/vmware/cis/tagging/tag"
ASSOCIATION = "/rest/com/vmware/cis/tagging/tag-association"


@cache
def program() -> str:
    """Build the simulator, or find the one that was built."""
    done = subprocess.run([SCRIPT], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[-1]


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that signed itself, and so is its own authority."""

    pem: str
    certificate_file: Path
    key_file: Path

    @classmethod
    def made_in(cls, folder: Path) -> "Certificate":
        key = generate_private_key(SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vcenter.test")])
        now = datetime.now(UTC)
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.DNSName("vcenter.test"), x509.IPAddress(IPv4Address("127.0.0.1"))]
        )
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, SHA256())
        )
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(certificate.public_bytes(Encoding.PEM).decode(), folder / "vcenter.pem", folder / "vcenter.key")
        made.certificate_file.write_text(made.pem)
        made.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return made

    @property
    def fingerprint(self) -> str:
        return sha256(ssl.PEM_cert_to_DER_cert(self.pem)).hexdigest()


@dataclass
class SimulatedVcenter:
    """One that runs. `administer()` is a session of the test's own, beside the platform's."""

    port: int
    certificate: Certificate
    _admin: list[vim.ServiceInstance] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def administer(self) -> Any:
        if not self._admin:
            context = ssl._create_unverified_context()  # noqa: SLF001 - a test's own server
            self._admin.append(
                SmartConnect(host="127.0.0.1", port=self.port, user=USERNAME, pwd=PASSWORD, sslContext=context)
            )
        return self._admin[0].content

    def machine(self, name: str) -> Any:  # a vim.VirtualMachine, all of whose properties are there
        [found] = [machine for machine in self.machines() if machine.name == name]
        return found

    def machines(self) -> list[Any]:
        content = self.administer()
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
        try:
            return list(view.view)
        finally:
            view.DestroyView()

    def switch_on(self, name: str) -> None:
        self.machine(name).PowerOnVM_Task()

    def answer_at(self, name: str, address: str) -> None:
        """Let this machine's tools report an address."""
        keys = ("SET.guest.ipAddress", "SET.summary.guest.ipAddress")
        options = [vim.option.OptionValue(key=key, value=address) for key in keys]
        self.machine(name).ReconfigVM_Task(vim.vm.ConfigSpec(extraConfig=options))

    def end_sessions(self) -> int:
        """End every session but the test's own; how many there were."""
        manager = self.administer().sessionManager
        mine = manager.currentSession.key
        others = [session.key for session in manager.sessionList if session.key != mine]
        if others:
            manager.TerminateSession(others)
        return len(others)

    async def fail(self, method: str, detail: str, *, skip: int = 0, times: int = 0) -> None:
        """Answer calls of this method with a fault: after `skip` more, so many times or for good."""
        async with self._http() as http:
            asked: dict[str, str | int] = {"method": method, "skip": skip, "times": times}
            (await http.post("/control/fault", params=asked, content=detail)).raise_for_status()

    async def calls(self, method: str = "") -> int:
        """How often this method, or any, was called so far."""
        async with self._http() as http:
            return int((await http.get("/control/calls", params={"method": method})).text)

    async def tag(self, name: str, machines: list[str]) -> None:
        """A tag of this name on these machines."""
        async with self._http() as http:
            session = await http.post("/rest/com/vmware/cis/session", auth=(USERNAME, PASSWORD))
            http.headers["vmware-api-session-id"] = session.json()["value"]
            spec = {"name": f"{name}s", "description": "", "cardinality": "MULTIPLE", "associable_types": []}
            category = await http.post(CATEGORY, json={"create_spec": spec})
            tag = {"name": name, "description": "", "category_id": category.json()["value"]}
            made = (await http.post(TAG, json={"create_spec": tag})).json()["value"]
            for machine in machines:
                reference = {"type": "VirtualMachine", "id": self.machine(machine)._moId}  # noqa: SLF001
                url = f"{ASSOCIATION}/id:{made}?~action=attach"
                (await http.post(url, json={"object_id": reference})).raise_for_status()

    def close(self) -> None:
        for instance in self._admin:
            Disconnect(instance)

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, verify=False, trust_env=False)


@asynccontextmanager
async def simulated_vcenter(
    certificate: Certificate, *, port: int = 0, options: Mapping[str, str | int] | None = None
) -> AsyncIterator[SimulatedVcenter]:
    """A simulator from its first answer until the block is left. `options` are those of its own main."""
    words = [f"-{name}={value}" for name, value in (options or {}).items()]
    process = await asyncio.create_subprocess_exec(
        await asyncio.to_thread(program),
        f"-listen=127.0.0.1:{port}",
        f"-certificate={certificate.certificate_file}",
        f"-key={certificate.key_file}",
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            address = (await process.stdout.readline()).decode().strip()
        simulator = SimulatedVcenter(int(address.rpartition(":")[2]), certificate)
        yield simulator
        await asyncio.to_thread(simulator.close)
    finally:
        process.kill()
        await process.wait()
