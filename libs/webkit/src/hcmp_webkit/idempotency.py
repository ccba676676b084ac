"""Idempotency keys: the new aggregate's id is derived from the key, so a repeated request meets its own result."""

from typing import Annotated
from uuid import UUID, uuid5

from fastapi import Header

from hcmp_webkit.identity import Principal

NAMESPACE = UUID("7f1f5a52-6a0e-5b0c-9d6f-2f6b6c7f0a11")

IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")
]


def stable_id(caller: Principal, route: str, key: str | None, *, otherwise: UUID) -> UUID:
    """The id of what this request creates: the same for the same account, route and key.

    `otherwise` is the fresh id for a request without a key.
    """
    if key is None:
        return otherwise
    return uuid5(NAMESPACE, f"{caller.account_id}\n{route}\n{key}")
