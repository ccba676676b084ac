"""Where things are in a server's inventory: the datacenter that the settings name, and what it has by its name."""

from dataclasses import dataclass
from typing import Any

from pyVmomi import vim

from hcmp_inventory.adapters.vsphere.retrieval import Properties, all_of
from hcmp_inventory.adapters.vsphere.session import Content, Session
from hcmp_inventory.ports.hypervisor import VcenterError

# So many names are told to whoever named something that is not there.
LISTED = 20


def datacenter(content: Content, session: Session) -> Any:
    """The datacenter of the settings; without a name the only one. Raises VcenterError."""
    name = session.access.datacenter
    found = all_of(content, vim.Datacenter, ["name"])
    chosen = [reference for reference, has in found.items() if not name or has["name"] == name]
    if len(chosen) == 1:
        return session.object(vim.Datacenter, chosen[0])
    names = ", ".join(sorted(str(has["name"]) for has in found.values())) or "none"
    if chosen:
        raise VcenterError("vcenter-datacenter-missing", f"There are several datacenters; name one of: {names}.")
    raise VcenterError("vcenter-datacenter-missing", f"There is no datacenter {name}. There are: {names}.")


@dataclass(frozen=True)
class Shelf:
    """One kind of thing below one place; `word` is what people call it."""

    session: Session
    kind: type
    word: str
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
        if not chosen:
            missing = f"{self.word} {name}" if name else self.word
            raise VcenterError("vcenter-not-found", f"There is no {missing}. There are: {names}.")
        raise VcenterError("vcenter-not-found", f"There are several of this: {self.word}. Name one of: {names}.")


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
    raise VcenterError("vcenter-not-found", f"There is no folder {wanted}.")
