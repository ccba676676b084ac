"""What the routes use, put together by main, and how a route asks for it."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr

from hcmp_eventstore.projector import Pool, Projector
from hcmp_inventory.handlers.imports import Imports
from hcmp_inventory.handlers.machines import Machines
from hcmp_inventory.handlers.policies import PoolPolicies
from hcmp_inventory.handlers.reset import Resets
from hcmp_inventory.handlers.settings import PlatformSettings


@dataclass(frozen=True)
class Parts:
    pool: Pool
    projector: Projector
    machines: Machines
    imports: Imports
    policies: PoolPolicies
    settings: PlatformSettings
    resets: Resets
    metrics_targets: tuple[str, ...]
    sd_token: SecretStr = field(repr=False)


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Inventory = Annotated[Parts, Depends(_parts)]
