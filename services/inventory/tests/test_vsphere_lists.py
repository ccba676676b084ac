"""Lists of vCenter that come in pages, which the simulator does not do: whole, or an error."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from hcmp_inventory.adapters.vsphere.retrieval import all_of


def entry(reference: str, *, unreadable: Exception | None = None) -> Any:
    missing = [SimpleNamespace(path="config", fault=unreadable)] if unreadable else []
    found = SimpleNamespace(_GetMoId=lambda: reference)
    return SimpleNamespace(obj=found, propSet=[SimpleNamespace(name="name", val=reference)], missingSet=missing)


@dataclass
class Paged:
    """A server that answers with these pages, one after another; an exception among them is raised."""

    pages: list[Any]
    asked: list[str] = field(default_factory=list)
    views: int = 0

    @property
    def content(self) -> Any:
        return SimpleNamespace(viewManager=self, propertyCollector=self, rootFolder=vim.Folder("group-d1"))

    def CreateContainerView(self, *_: Any, **__: Any) -> Any:  # noqa: N802 - pyvmomi's name
        self.views += 1
        return vim.view.ContainerView("view-1", self)

    def InvokeMethod(self, _: Any, info: Any, __: Any) -> None:  # noqa: N802 - pyvmomi's name
        assert info.name == "Destroy"
        self.views -= 1

    def RetrievePropertiesEx(self, _: Any, options: Any) -> Any:  # noqa: N802 - pyvmomi's name
        assert options.maxObjects == 1000
        return self._next("")

    def ContinueRetrievePropertiesEx(self, token: str) -> Any:  # noqa: N802 - pyvmomi's name
        return self._next(token)

    def _next(self, token: str) -> Any:
        self.asked.append(token)
        page = self.pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return SimpleNamespace(objects=page, token=f"page-{len(self.asked)}" if self.pages else None)


def test_all_pages_make_one_list() -> None:
    server = Paged([[entry("vm-1"), entry("vm-2")], [entry("vm-3")], [entry("vm-4")]])
    assert list(all_of(server.content, vim.VirtualMachine, ["name"])) == ["vm-1", "vm-2", "vm-3", "vm-4"]
    assert server.asked == ["", "page-1", "page-2"]
    assert server.views == 0


def test_a_page_that_fails_makes_no_list() -> None:
    server = Paged([[entry("vm-1")], vmodl.fault.InvalidArgument(), [entry("vm-3")]])
    with pytest.raises(vmodl.fault.InvalidArgument):
        all_of(server.content, vim.VirtualMachine, ["name"])
    assert server.views == 0


def test_an_object_that_may_not_be_read_makes_no_list() -> None:
    server = Paged([[entry("vm-1"), entry("vm-2", unreadable=vim.fault.NoPermission())]])
    with pytest.raises(vim.fault.NoPermission):
        all_of(server.content, vim.VirtualMachine, ["name"])
