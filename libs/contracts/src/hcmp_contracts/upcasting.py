"""Upcasters: an event that was stored under an older name is read as its present one.

What is stored is never rewritten. A field that was added has a default and needs nothing of this; a shape that
changed gets a new name (`hcmp.vm.reserved.v2`) and here, under the old one, the function that turns old data into
new. Several versions are climbed one step at a time, so that each step is written, and tried, once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Data = dict[str, Any]


@dataclass(frozen=True)
class Upcaster:
    """`convert` makes the data of the type `to` out of those of the version before it; it must not change its
    argument.
    """

    to: str
    convert: Callable[[Data], Data]


# By the stored name. Each name here has left the catalogue, and keeps its golden file for ever.
UPCASTERS: Mapping[str, Upcaster] = {}


def upcast(event_type: str, data: Data, upcasters: Mapping[str, Upcaster] = UPCASTERS) -> tuple[str, Data]:
    """The present name of a stored event, and its data in the present shape."""
    while (upcaster := upcasters.get(event_type)) is not None:
        event_type, data = upcaster.to, upcaster.convert(data)
    return event_type, data
