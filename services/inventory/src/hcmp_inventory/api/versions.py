"""ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1): the version of an aggregate, as the caller has seen it."""

import re
from typing import Annotated

from fastapi import Depends, Header

from hcmp_inventory.handlers.versioned import ChangedMeanwhileError

_ETAG = re.compile(r'^"([0-9]{1,18})"$')


def etag(version: int) -> str:
    return f'"{version}"'


def _version(
    if_match: Annotated[
        str | None, Header(max_length=200, description="the ETag that the change is based on")
    ] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.match(if_match.strip())
    if match is None:
        raise ChangedMeanwhileError
    return int(match.group(1))


# The version that the change is based on; None when any will do.
Seen = Annotated[int | None, Depends(_version)]
