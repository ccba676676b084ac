"""The policies that keep the pool at its size: operators only."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field, model_validator

from hcmp_contracts.cause import Cause
from hcmp_contracts.pool_policy import PoolPolicySet
from hcmp_eventstore.recorded import Context
from hcmp_inventory.api.answers import caught_up
from hcmp_inventory.api.models import NAME, Body, Labels
from hcmp_inventory.api.parts import Inventory, Parts
from hcmp_inventory.api.versions import OnlyNew, Seen, etag
from hcmp_inventory.domain.pool_policy import SUSPENDED_FROM
from hcmp_inventory.projections.policies import Policy, policies
from hcmp_webkit.identity import Operator, context
from hcmp_webkit.problems import not_found

router = APIRouter(prefix="/api/pool/policies", tags=["pool policies"])

LARGEST_POOL = 10_000


def _by(caller: Operator, request: Request) -> Context:
    return context(caller, request)


By = Annotated[Context, Depends(_by)]
Name = Annotated[str, Path(pattern=NAME)]


class PolicyBody(Body):
    """Of the provider's machines with these labels, `minimum_ready` are kept free, and never more than `maximum`
    are there in all. Machines that the policy makes carry the labels.
    """

    provider: Literal["docker", "vsphere"]
    minimum_ready: Annotated[int, Field(ge=0, le=LARGEST_POOL)]
    maximum: Annotated[int, Field(ge=0, le=LARGEST_POOL)]
    labels: Labels = Field(default_factory=dict)

    @model_validator(mode="after")
    def _minimum_within_maximum(self) -> "PolicyBody":
        if self.minimum_ready > self.maximum:
            raise ValueError("minimum_ready is more than maximum")
        return self


class PolicyAnswer(BaseModel):
    """A policy and its machines: `ready` for anybody, `coming` back from a recycle, in `total`.

    `failures` counts how often in a row the provider could not make what was missing; it is tried again at
    `retry_at`, and a policy that is `suspended` only every ten minutes. `causes` say the `last_failure`.
    """

    name: str
    provider: str
    minimum_ready: int
    maximum: int
    labels: dict[str, str]
    ready: int
    coming: int
    total: int
    failures: int
    suspended: bool
    last_failure: str | None
    causes: list[Cause]
    retry_at: datetime | None

    @classmethod
    def of(cls, policy: Policy) -> "PolicyAnswer":
        facts = {name: getattr(policy, name) for name in cls.model_fields if name != "suspended"}
        return cls(**facts, suspended=policy.failures >= SUSPENDED_FROM)


class PoliciesAnswer(BaseModel):
    policies: list[PolicyAnswer]


@router.get("")
async def list_policies(_: Operator, inventory: Inventory) -> PoliciesAnswer:
    """All policies by name, each with how it stands."""
    return PoliciesAnswer(policies=[PolicyAnswer.of(policy) for policy in await policies(inventory.pool)])


@router.get("/{name}")
async def get_policy(_: Operator, inventory: Inventory, response: Response, name: Name) -> PolicyAnswer:
    """One policy, with its version as ETag."""
    return await _present(inventory, response, name)


@router.put("/{name}")
async def put_policy(  # noqa: PLR0913 - one a part of the request
    *,
    by: By,
    inventory: Inventory,
    response: Response,
    name: Name,
    body: PolicyBody,
    seen: Seen,
    only_new: OnlyNew,
) -> PolicyAnswer:
    """Make or change a policy; with If-Match only if it is still that version, with If-None-Match only if there is
    none of this name, otherwise 412.
    """
    rule = PoolPolicySet(name=name, **body.model_dump())
    await caught_up(inventory, await inventory.policies.keep(rule, by, seen=seen, only_new=only_new))
    return await _present(inventory, response, name)


@router.delete("/{name}", status_code=204)
async def delete_policy(by: By, inventory: Inventory, name: Name, seen: Seen) -> None:
    """No longer keep the pool so; its machines stay."""
    await caught_up(inventory, await inventory.policies.remove(name, by, seen=seen))


async def _present(inventory: Parts, response: Response, name: str) -> PolicyAnswer:
    found = await policies(inventory.pool, name)
    if not found:
        raise not_found()
    [policy] = found
    response.headers["ETag"] = etag(policy.version)
    return PolicyAnswer.of(policy)
