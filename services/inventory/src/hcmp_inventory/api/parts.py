"""What the routes use, put together by main, and how a route asks for it."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr

from hcmp_eventstore.projector import Pool, Projector
from hcmp_inventory.handlers.adoption import Adoptions
from hcmp_inventory.handlers.imports import Imports
from hcmp_inventory.handlers.machines import Machines
from hcmp_inventory.handlers.policies import PoolPolicies
from hcmp_inventory.handlers.reset import Resets
from hcmp_inventory.handlers.settings import PlatformSettings
from hcmp_inventory.handlers.static_imports import StaticImports
from hcmp_inventory.handlers.vcenter import VcenterSettings
from hcmp_inventory.ports.hypervisor import Vcenter


@dataclass(frozen=True)
class Parts:
    pool: Pool
    projector: Projector
    machines: Machines
    imports: Imports
    policies: PoolPolicies
    static_imports: StaticImports
    settings: PlatformSettings
    vcenter: Vcenter
    vcenter_settings: VcenterSettings
    adoptions: Adoptions
    resets: Resets
    metrics_targets: tuple[str, ...]
    sd_token: SecretStr = field(repr=False)


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Inventory = Annotated[Parts, Depends(_parts)]
