"""What vCenter has, as a preview of an import: operators only."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from hcmp_inventory.api.parts import Inventory
from hcmp_inventory.ports.hypervisor import Filter, Item, Kind
from hcmp_inventory.ports.provider import Power
from hcmp_webkit.identity import Operator
from hcmp_webkit.pages import Cursor, Limit, decode_cursor, encode_cursor

router = APIRouter(prefix="/api/vcenter", tags=["vcenter"])

Choice = Annotated[str, Query(max_length=200)]
Pattern = Annotated[str, Query(max_length=200, description="`*` and `?` stand for any text and any character")]


class VcenterItem(BaseModel):
    """`reference` is what an import names it by. The rest is empty for everything but machines and templates;
    `taken`: a platform has it in its pool already.
    """

    reference: str
    name: str
    folder: str
    address: str
    power: Power
    placement: str
    guest: str
    taken: bool

    @classmethod
    def of(cls, item: Item) -> "VcenterItem":
        return cls(**{name: getattr(item, name) for name in cls.model_fields})


class VcenterPage(BaseModel):
    """`total` is how many there are on all pages."""

    items: list[VcenterItem]
    total: int
    next_cursor: str | None


@router.get("/inventory")
async def browse_vcenter(  # noqa: PLR0913 - one a query parameter
    _: Operator,
    inventory: Inventory,
    *,
    kind: Kind,
    folder: Choice = "",
    tag: Choice = "",
    name_pattern: Pattern = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> VcenterPage:
    """What vCenter or the ESXi host has of this kind, by name. `folder` and `tag` choose among machines and
    templates; `name_pattern` among everything.
    """
    found = await inventory.vcenter.browse(kind, Filter(folder=folder, tag=tag, name_pattern=name_pattern))
    behind = decode_cursor(cursor)
    left = found if behind is None else [item for item in found if _place(item) > behind]
    page = left[:limit]
    following = encode_cursor(_place(page[-1])) if len(left) > limit else None
    return VcenterPage(items=[VcenterItem.of(item) for item in page], total=len(found), next_cursor=following)


def _place(item: Item) -> str:
    """Where it stands in the list, which is in this order."""
    return f"{item.name}\0{item.reference}"
