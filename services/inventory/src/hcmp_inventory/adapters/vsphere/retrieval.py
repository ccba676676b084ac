"""Properties of many objects in few calls, and waiting until one of them has changed."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pyVmomi import vim, vmodl

from hcmp_contracts.cause import Cause
from hcmp_inventory.adapters.vsphere.session import Content, Session
from hcmp_inventory.ports.hypervisor import VcenterError

PAGE = 1000
# How long the server holds back an answer that says that nothing has changed.
HOLD_SECONDS = 10
# How long one thread waits: after that it is asked again, in a new session if the old one has ended.
SLICE_SECONDS = 25.0
Query = vmodl.query.PropertyCollector
Properties = Mapping[str, Any]


def all_of(content: Content, kind: type, paths: Sequence[str], *, below: Any = None) -> dict[str, Properties]:
    """These properties of every object of this kind under `below` (everything), by the object's id: one
    retrieval, in pages. What an object does not have is absent from its properties.

    Raises what pyvmomi raises: a list that breaks half-way is no list, nor is one that lacks what may not be read.
    """
    # First, because everybody may ask for properties, but only who is signed in may make a view.
    view = content.viewManager.CreateContainerView(below or content.rootFolder, [kind], recursive=True)
    try:
        from_view = Query.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
        start = Query.ObjectSpec(obj=view, skip=True, selectSet=[from_view])
        return _retrieved(content, [start], kind, paths)
    finally:
        view.DestroyView()


def some_of(content: Content, objects: Sequence[Any], kind: type, paths: Sequence[str]) -> dict[str, Properties]:
    """These properties of these objects; what is gone is absent."""
    starts = [Query.ObjectSpec(obj=found, skip=False) for found in objects]
    return _retrieved(content, starts, kind, paths) if starts else {}


def _retrieved(content: Content, starts: list[Any], kind: type, paths: Sequence[str]) -> dict[str, Properties]:
    wanted = Query.PropertySpec(type=kind, pathSet=list(paths), all=False)
    spec = Query.FilterSpec(objectSet=starts, propSet=[wanted], reportMissingObjectsInResults=True)
    collector = content.propertyCollector
    page = collector.RetrievePropertiesEx([spec], Query.RetrieveOptions(maxObjects=PAGE))
    found: dict[str, Properties] = {}
    while page is not None:
        for one in page.objects:
            for missing in one.missingSet:
                raise missing.fault
            found[one.obj._GetMoId()] = {prop.name: prop.val for prop in one.propSet}  # noqa: SLF001 - no other way
        page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None
    return found


async def wait_for(session: Session, watched: Any, path: str, done: Callable[[Any], bool], seconds: float) -> Any:
    """The value of this property of an object once it is as wanted, as the server tells of its changes.

    Raises VcenterError: `vcenter-timeout`, or `vcenter-not-found` if the object goes meanwhile.
    """
    deadline = time.monotonic() + seconds

    def watch(content: Content) -> tuple[bool, Any]:
        return _watch(content, watched, path, done, min(deadline - time.monotonic(), SLICE_SECONDS))

    while time.monotonic() < deadline:
        reached, value = await session.call(watch)
        if reached:
            return value
    text = f"{path} did not become what was waited for within {seconds:.0f} s."
    raise VcenterError("vcenter-timeout", text, Cause.of("waited-in-vain", property=path, seconds=round(seconds)))


def _watch(
    content: Content, watched: Any, path: str, done: Callable[[Any], bool], seconds: float
) -> tuple[bool, Any]:
    """Whether the property became as wanted within this time, and its value."""
    deadline = time.monotonic() + seconds
    collector = content.propertyCollector.CreatePropertyCollector()
    try:
        wanted = Query.PropertySpec(type=type(watched), pathSet=[path], all=False)
        spec = Query.FilterSpec(objectSet=[Query.ObjectSpec(obj=watched, skip=False)], propSet=[wanted])
        collector.CreateFilter(spec, partialUpdates=False)
        value, version = None, ""
        while True:
            hold = max(1, min(HOLD_SECONDS, int(deadline - time.monotonic())))
            updates = collector.WaitForUpdatesEx(version, Query.WaitOptions(maxWaitSeconds=hold))
            version = updates.version if updates is not None else version
            for change in _changes(updates):
                value = change.val
            if done(value) or time.monotonic() >= deadline:
                return done(value), value
    finally:
        collector.DestroyPropertyCollector()


def _changes(updates: Any) -> Iterator[Any]:
    for part in updates.filterSet if updates is not None else ():
        for one in part.objectSet:
            if one.kind == "leave":
                raise vmodl.fault.ManagedObjectNotFound(obj=one.obj)
            yield from one.changeSet
