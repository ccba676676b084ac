"""What a server has, by kind: each list is one retrieval, whole or an error, however many machines there are."""

from fnmatch import fnmatchcase
from typing import assert_never

from pyVmomi import vim

from hcmp_inventory.adapters.vsphere.marks import Marks
from hcmp_inventory.adapters.vsphere.places import datacenter, folder, folder_paths
from hcmp_inventory.adapters.vsphere.retrieval import Properties, all_of
from hcmp_inventory.adapters.vsphere.session import Content, Session
from hcmp_inventory.adapters.vsphere.tags import tag_names, tagged
from hcmp_inventory.ports.hypervisor import Filter, Item, Kind
from hcmp_inventory.ports.provider import Power

MACHINE = (
    "name",
    "parent",
    "config.template",
    "config.guestFullName",
    "config.extraConfig",
    "guest.ipAddress",
    "runtime.powerState",
    "runtime.host",
)


def items(content: Content, session: Session, kind: Kind, chosen: Filter) -> list[Item]:
    """All of this kind in the datacenter, by name. Raises VcenterError and what pyvmomi raises."""
    match kind:
        case "machines":
            return machines(content, session, chosen)
        case "templates":
            return machines(content, session, chosen, templates=True)
        case "folders":
            home = datacenter(content, session).vmFolder
            paths = folder_paths(content, home)
            found = [Item(reference, path) for reference, path in paths.items() if path]
        case "tags":
            found = [Item(reference, name) for reference, name in tag_names(session.dial).items()]
        case "datastores":
            found = _named(content, session, vim.Datastore)
        case "networks":
            found = _named(content, session, vim.Network)
        case _:
            assert_never(kind)
    pattern = chosen.name_pattern or "*"
    return sorted((item for item in found if fnmatchcase(item.name, pattern)), key=_by_name)


def _named(content: Content, session: Session, kind: type) -> list[Item]:
    found = all_of(content, kind, ["name"], below=datacenter(content, session))
    return [Item(reference, str(has["name"])) for reference, has in found.items()]


def machines(content: Content, session: Session, chosen: Filter, *, templates: bool = False) -> list[Item]:
    """The machines that the filter leaves, or the templates."""
    center = datacenter(content, session)
    paths = folder_paths(content, center.vmFolder)
    below = folder(content, session, center, chosen.folder)
    found = all_of(content, vim.VirtualMachine, MACHINE, below=below)
    hosts = host_names(content)
    with_tag = tagged(session.dial, chosen.tag) if chosen.tag else None
    listed = [
        _item(reference, has, paths, hosts)
        for reference, has in found.items()
        if bool(has.get("config.template")) == templates
        and (with_tag is None or reference in with_tag)
        and (not chosen.references or reference in chosen.references)
        and fnmatchcase(str(has["name"]), chosen.name_pattern or "*")
    ]
    return sorted(listed, key=_by_name)


def host_names(content: Content) -> dict[str, str]:
    """Every ESXi host's name, by its id."""
    return {reference: str(has["name"]) for reference, has in all_of(content, vim.HostSystem, ["name"]).items()}


def power(has: Properties) -> Power:
    match has.get("runtime.powerState"):
        case "poweredOn":
            return "on"
        case "poweredOff" | "suspended":
            return "off"
        case _:
            return "unknown"


def placement(has: Properties, hosts: dict[str, str]) -> str:
    host = has.get("runtime.host")
    return hosts.get(host._GetMoId(), "") if host is not None else ""  # noqa: SLF001 - pyvmomi has no other way


def _item(reference: str, has: Properties, paths: dict[str, str], hosts: dict[str, str]) -> Item:
    parent, marks = has.get("parent"), Marks.read(has.get("config.extraConfig"))
    return Item(
        reference=reference,
        name=str(has["name"]),
        folder=paths.get(parent._GetMoId(), "") if parent is not None else "",  # noqa: SLF001
        address=str(has.get("guest.ipAddress") or ""),
        power=power(has),
        placement=placement(has, hosts),
        guest=str(has.get("config.guestFullName") or ""),
        fixed=marks.fixed if marks is not None else "",
        taken=marks is not None,
    )


def _by_name(item: Item) -> tuple[str, str]:
    return item.name, item.reference
