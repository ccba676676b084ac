"""Where things are in a server's inventory: the datacenter that the settings name, and what it has by its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pyVmomi import vim

from hcmp_contracts.cause import Cause
from hcmp_inventory.adapters.vsphere.retrieval import Properties, all_of
from hcmp_inventory.adapters.vsphere.session import Content, Session
from hcmp_inventory.domain.causes import Causes
from hcmp_inventory.ports.hypervisor import VcenterError

# So many names are told to whoever named something that is not there.
LISTED = 20
# What is looked for by its name, for whoever says it in another language.
VcenterKind = Literal[
    "cluster",
    "customization",
    "datacenter",
    "datastore",
    "folder",
    "host",
    "machine",
    "network",
    "resource-pool",
    "tag",
    "template",
]
WORDS: Mapping[VcenterKind, str] = {"host": "ESXi host", "resource-pool": "cluster or resource pool"}


def datacenter(content: Content, session: Session) -> Any:
    """The datacenter of the settings; without a name the only one. Raises VcenterError."""
    name = session.access.datacenter
    found = all_of(content, vim.Datacenter, ["name"])
    chosen = [reference for reference, has in found.items() if not name or has["name"] == name]
    if len(chosen) == 1:
        return session.object(vim.Datacenter, chosen[0])
    names = ", ".join(sorted(str(has["name"]) for has in found.values())) or "none"
    if chosen:
        text, causes = f"There are several datacenters; name one of: {names}.", several("datacenter", names)
    else:
        text, causes = f"There is no datacenter {name}. There are: {names}.", absent("datacenter", name, names)
    raise VcenterError("vcenter-datacenter-missing", text, *causes)


def absent(kind: VcenterKind, name: str, names: str = "") -> Causes:
    """That there is none of this name, or none at all, and which there are."""
    missing = Cause.of("vcenter-absent", kind=kind, name=name) if name else Cause.of("vcenter-none", kind=kind)
    return (missing,) if names in ("", "none") else (missing, Cause.of("vcenter-choice", names=names))


def several(kind: VcenterKind, names: str) -> Causes:
    return Cause.of("vcenter-several", kind=kind), Cause.of("vcenter-choice", names=names)


@dataclass(frozen=True)
class Shelf:
    """One kind of thing below one place; `called` is what it is to people."""

    session: Session
    kind: type
    called: VcenterKind
    below: Any

    def named(self, content: Content, name: str, *more: str) -> tuple[Any, Properties]:
        """The object of this name, or, without a name, the only one; and its name and these properties more.

        Raises VcenterError `vcenter-not-found`.
        """
        found = all_of(content, self.kind, ["name", *more], below=self.below)
        chosen = [(reference, has) for reference, has in found.items() if not name or has.get("name") == name]
        if len(chosen) == 1:
            reference, has = chosen[0]
            return self.session.object(self.kind, reference), has
        names = ", ".join(sorted(str(has.get("name")) for has in found.values())[:LISTED]) or "none"
        word = WORDS.get(self.called, self.called)
        if not chosen:
            missing = f"{word} {name}" if name else word
            text, causes = f"There is no {missing}. There are: {names}.", absent(self.called, name, names)
        else:
            text, causes = (
                f"There are several of this: {word}. Name one of: {names}.",
                several(self.called, names),
            )
        raise VcenterError("vcenter-not-found", text, *causes)


def folder_paths(content: Content, below: Any, root: str = "") -> dict[str, str]:
    """The path of every folder under this one, by its id: `team/web`."""
    found = all_of(content, vim.Folder, ["name", "parent"], below=below)
    paths: dict[str, str] = {below._GetMoId(): root}  # noqa: SLF001 - pyvmomi has no other way

    def path(reference: str) -> str:
        if reference not in paths:
            has = found[reference]
            parent = path(has["parent"]._GetMoId())  # noqa: SLF001
            paths[reference] = f"{parent}/{has['name']}".lstrip("/")
        return paths[reference]

    for reference in found:
        path(reference)
    return paths


def folder(content: Content, session: Session, center: Any, wanted: str) -> Any:
    """The folder of this path or id; without one the datacenter's own. Raises VcenterError `vcenter-not-found`."""
    home = center.vmFolder
    path = wanted.strip("/")
    if not path:
        return home
    for reference, known in folder_paths(content, home).items():
        if path in (known, reference):
            return session.object(vim.Folder, reference)
    raise VcenterError("vcenter-not-found", f"There is no folder {wanted}.", *absent("folder", wanted))
