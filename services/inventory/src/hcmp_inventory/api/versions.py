"""ETag, If-Match and If-None-Match (RFC 9110, 8.8.3, 13.1.1 and 13.1.2): the version of an aggregate, as the
caller has seen it, or that there was none.
"""

import re
from typing import Annotated

from fastapi import Depends, Header

from hcmp_inventory.handlers.versioned import ChangedMeanwhileError

# The gateway gives an answer that it compresses a tag of its own, as RFC 9110, 8.8.3.3, wants it: `"7-gzip"`; in
# If-Match that comes back as it is.
_ETAG = re.compile(r'^"([0-9]{1,18})(?:-(?:gzip|zstd))?"$')


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


def _only_new(
    if_none_match: Annotated[
        str | None, Header(pattern=r"^\*$", description="`*`: only if there is none of this name yet")
    ] = None,
) -> bool:
    return if_none_match is not None


# Whether there may be none yet.
OnlyNew = Annotated[bool, Depends(_only_new)]
# The version that the change is based on; None when any will do.
Seen = Annotated[int | None, Depends(_version)]
