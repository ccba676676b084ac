"""Whether a server is what the platform needs: lets it in, has the datacenter, permits what will be done."""

from pyVmomi import vmodl

from hcmp_contracts.cause import Cause
from hcmp_inventory.adapters.vsphere.places import datacenter
from hcmp_inventory.adapters.vsphere.session import Content, Session
from hcmp_inventory.ports.hypervisor import Server, VcenterError

# What taking a machine into the pool and recycling it needs.
NEEDED = (
    "VirtualMachine.Config.AdvancedConfig",
    "VirtualMachine.Interact.PowerOn",
    "VirtualMachine.State.CreateSnapshot",
    "VirtualMachine.State.RemoveSnapshot",
    "VirtualMachine.State.RevertToSnapshot",
)


def checked(content: Content, session: Session) -> Server:
    """Raises VcenterError, and what pyvmomi raises."""
    center = datacenter(content, session)
    missing = _missing(content, center.vmFolder)
    if missing:
        user, needed = session.access.username, ", ".join(missing)
        cause = Cause.of("privileges-missing", user=user, privileges=needed)
        raise VcenterError("vcenter-permission", f"{user} lacks on the datacenter's machines: {needed}.", cause)
    return Server(name=str(content.about.name), version=str(content.about.version))


def _missing(content: Content, folder: object) -> list[str]:
    try:
        key = content.sessionManager.currentSession.key
        [answer] = content.authorizationManager.HasPrivilegeOnEntities([folder], key, list(NEEDED))
    except (vmodl.fault.NotSupported, vmodl.fault.MethodNotFound):
        return []  # an old host cannot be asked
    return [one.privId for one in answer.privAvailability if not one.isGranted]
