"""Which machines of a server are this installation's, without reading all of their extra configuration each time.

The marks stand in `config.extraConfig`, which is by far the largest thing that is read. It is read once for each
`config.changeVersion`: "a unique identifier for a given version of the configuration. Each change to the
configuration will update this value" (vSphere Web Services API, VirtualMachineConfigInfo). A machine's marks are
written by ReconfigVM_Task and stay the same from then on. What the guest or the host reports, such as addresses
and power, is read each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from pyVmomi import vim

from hcmp_inventory.adapters.vsphere.browsing import host_names, placement, power
from hcmp_inventory.adapters.vsphere.marks import Marks
from hcmp_inventory.adapters.vsphere.retrieval import PAGE, Properties, all_of, some_of
from hcmp_inventory.adapters.vsphere.session import Content, Session
from hcmp_inventory.ports.hypervisor import Endpoint
from hcmp_inventory.ports.provider import Machine

VERSION = "config.changeVersion"
SMALL = (VERSION, "guest.ipAddress", "runtime.powerState", "runtime.host")
EXTRA = ("config.extraConfig",)


@dataclass(frozen=True, slots=True)
class _Read:
    version: str
    marks: Marks | None


@dataclass
class Discovery:
    """What was read is kept while the session is the same, and so the server."""

    installation: str
    _of: Session | None = None
    _read: dict[str, _Read] = field(default_factory=dict)

    def own(self, content: Content, session: Session) -> list[Machine]:
        """The installation's machines, by name. Raises what pyvmomi raises."""
        known = self._read if self._of is session else {}
        found = all_of(content, vim.VirtualMachine, SMALL)
        read = self._all_read(content, session, found, known)
        self._of, self._read = session, read
        hosts = host_names(content)
        own = [
            replace(
                described(reference, marks.endpoint, str(has.get("guest.ipAddress") or "")),
                placement=placement(has, hosts),
                power=power(has),
            )
            for reference, has in found.items()
            if reference in read
            and (marks := read[reference].marks) is not None
            and marks.installation == self.installation
        ]
        return sorted(own, key=lambda machine: machine.name)

    def _all_read(
        self, content: Content, session: Session, found: Mapping[str, Properties], known: Mapping[str, _Read]
    ) -> dict[str, _Read]:
        """The marks of all that were found; of those without a version, as of a machine being made, anew."""
        versions = {reference: str(has.get(VERSION) or "") for reference, has in found.items()}
        read = {
            reference: known[reference]
            for reference, version in versions.items()
            if version and reference in known and known[reference].version == version
        }
        new = iter([reference for reference in versions if reference not in read])
        while page := list(islice(new, PAGE)):
            objects = [session.object(vim.VirtualMachine, reference) for reference in page]
            for reference, has in some_of(content, objects, vim.VirtualMachine, EXTRA).items():
                read[reference] = _Read(versions[reference], Marks.read(has.get("config.extraConfig")))
        return read


def described(reference: str, endpoint: Endpoint, address: str) -> Machine:
    """A machine whose host key the server cannot tell."""
    return Machine(
        name=endpoint.name,
        address=address,
        ssh_host=address,
        ssh_port=endpoint.ssh_port,
        ssh_user=endpoint.ssh_user,
        exporter_host=address,
        exporter_port=endpoint.exporter_port,
        provider_ref=reference,
        host_key="",
    )
