"""Lists in pages: `?limit=&cursor=`, where the cursor is opaque to the caller."""

import base64
import binascii
from typing import Annotated

from fastapi import Query

from hcmp_webkit.problems import Problem

Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=500)]


def encode_cursor(position: str) -> str:
    """The cursor behind `position`, the sort key of a page's last row."""
    return base64.urlsafe_b64encode(position.encode()).decode()


def decode_cursor(cursor: str | None) -> str | None:
    """The position in a cursor. Raises Problem 422 `malformed-request`."""
    if cursor is None:
        return None
    try:
        return base64.urlsafe_b64decode(cursor).decode()
    except (binascii.Error, ValueError) as error:
        raise unknown_cursor() from error


def unknown_cursor() -> Problem:
    """What answers a cursor that no page of this list ended with."""
    return Problem("malformed-request", title="Malformed request", status=422, detail="cursor: not one of ours")
