"""vSphere's tags: no part of the SOAP interface, but of the REST one beside it, with a session of its own.

It blocks, on connections of the same dial: to the same address, held to the same certificate.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter
from pyVmomi import vim

from hcmp_contracts.cause import Cause
from hcmp_inventory.adapters.vsphere.places import absent
from hcmp_inventory.adapters.vsphere.transport import Dial
from hcmp_inventory.ports.hypervisor import VcenterError

SESSION = "/rest/com/vmware/cis/session"
TAG = "/rest/com/vmware/cis/tagging/tag"
ASSOCIATION = "/rest/com/vmware/cis/tagging/tag-association"
LARGEST_ANSWER = 64 << 20


class _Tag(BaseModel):
    name: str


class _Attached(BaseModel):
    id: str
    type: str


# An empty list may be told as nothing.
_IDS = TypeAdapter(list[str] | None)
_OBJECTS = TypeAdapter(list[_Attached] | None)


@dataclass(frozen=True)
class _Rest:
    connection: HTTPConnection
    session: str

    def ask(self, method: str, path: str) -> Any:
        return _value(self.connection, method, path, {"vmware-api-session-id": self.session})

    def names(self) -> dict[str, str]:
        tags = _IDS.validate_python(self.ask("GET", TAG)) or ()
        return {tag: _Tag.model_validate(self.ask("GET", f"{TAG}/id:{quote(tag)}")).name for tag in tags}

    def attached_to(self, tag: str) -> Iterator[str]:
        path = f"{ASSOCIATION}/id:{quote(tag)}?~action=list-attached-objects"
        for attached in _OBJECTS.validate_python(self.ask("POST", path)) or ():
            if attached.type == "VirtualMachine":
                yield attached.id


def tag_names(dial: Dial) -> dict[str, str]:
    """Every tag's name, by its id."""
    with _signed_in(dial) as rest:
        return rest.names()


def tagged(dial: Dial, tag: str) -> set[str]:
    """The ids of the virtual machines with the tag of this name or id; of all categories, if several have it.

    Raises VcenterError `vcenter-not-found`.
    """
    with _signed_in(dial) as rest:
        names = rest.names()
        chosen = [reference for reference, name in names.items() if tag in (name, reference)]
        if not chosen:
            known = ", ".join(sorted(set(names.values()))[:20]) or "none"
            text = f"There is no tag {tag}. There are: {known}."
            raise VcenterError("vcenter-not-found", text, *absent("tag", tag, known))
        return {machine for reference in chosen for machine in rest.attached_to(reference)}


@contextmanager
def _signed_in(dial: Dial) -> Iterator[_Rest]:
    connection = dial.opened()
    try:
        access = dial.access
        login = b64encode(f"{access.username}:{access.password}".encode()).decode()
        session = str(_value(connection, "POST", SESSION, {"Authorization": f"Basic {login}"}))
        rest = _Rest(connection, session)
        yield rest
        rest.ask("DELETE", SESSION)
    finally:
        connection.close()


def _value(connection: HTTPConnection, method: str, path: str, headers: Mapping[str, str]) -> Any:
    body = {"Content-Type": "application/json"} if method == "POST" else {}
    connection.request(method, path, body=b"{}" if body else None, headers={**headers, **body})
    answer = connection.getresponse()
    content = answer.read(LARGEST_ANSWER)
    match answer.status:
        case 200 | 201 | 204:
            return json.loads(content)["value"] if content else None
        case 401:
            raise vim.fault.InvalidLogin
        case 403:
            raise vim.fault.NoPermission
        case 404:
            text = "This server has no tags: a single ESXi host knows none."
            raise VcenterError("vcenter-unsupported", text, Cause.of("vcenter-no-tags"))
        case status:
            raise HTTPException(f"{method} {path} was answered with {status}")
