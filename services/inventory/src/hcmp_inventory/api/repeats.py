"""Requests that are sent again under their Idempotency-Key: recognised, and told from others of the same key."""

import hashlib
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, SecretStr

from hcmp_inventory.api.parts import Inventory
from hcmp_inventory.projections import pool_queries
from hcmp_webkit.idempotency import IdempotencyKey, stable_id
from hcmp_webkit.identity import Principal
from hcmp_webkit.problems import Problem

_UNUSED = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Once:
    """`id` is empty for a request without a key: each such request is one of its own."""

    id: str
    digest: str


@dataclass(frozen=True)
class Repeats:
    route: str
    key: str | None
    inventory: Inventory

    async def identified(self, caller: Principal, body: BaseModel) -> Once:
        """Raises Problem 422 `idempotency-key-reused`."""
        if self.key is None:
            return Once("", "")
        once = Once(str(stable_id(caller, self.route, self.key, otherwise=_UNUSED)), _digest(body))
        if await pool_queries.made_otherwise(self.inventory.pool, once.id, once.digest):
            raise Problem(
                "idempotency-key-reused",
                title="This Idempotency-Key belongs to another request",
                status=422,
                detail="The key was used with another body. Use a new key for a new request.",
            )
        return once


def _digest(body: BaseModel) -> str:
    """A digest of everything but secrets: what stands in the log must not help to guess them."""
    kept = {name: value for name, value in body.model_dump().items() if not isinstance(value, SecretStr)}
    return hashlib.sha256(repr(sorted(kept.items())).encode()).hexdigest()


def _repeats(request: Request, inventory: Inventory, key: IdempotencyKey = None) -> Repeats:
    return Repeats(f"{request.method} {request.url.path}", key, inventory)


Repeat = Annotated[Repeats, Depends(_repeats)]
