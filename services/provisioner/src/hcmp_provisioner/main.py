"""The composition root of the API: the only file of it that constructs things."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from hcmp_eventstore.reactor import Handler, Reactor
from hcmp_eventstore.store import utc_now
from hcmp_eventstore.streams import EVENTS, TIMERS
from hcmp_provisioner.adapters.templates import load_templates
from hcmp_provisioner.api import access
from hcmp_provisioner.api.application import build
from hcmp_provisioner.domain.template import Approval
from hcmp_provisioner.handlers.admission import Admission
from hcmp_provisioner.handlers.projects import Projects
from hcmp_provisioner.live_log import LiveLog
from hcmp_provisioner.projections.figures import figures
from hcmp_provisioner.projections.read_model import READ_MODEL
from hcmp_provisioner.reactors import admissions, denials, holds, lease_warnings, leases, losses, quotas, reset
from hcmp_provisioner.reactors.commanding import SERVICE
from hcmp_provisioner.settings import ApiSettings
from hcmp_webkit.identity import Identity
from hcmp_webkit.platform import Platform, open_platform
from hcmp_webkit.serve import serve


def make_app(settings: ApiSettings, *, identity: Identity | None = None) -> FastAPI:
    """The API over everything it needs. Without `identity` the auth service says who calls."""
    templates = load_templates(settings.playbooks_dir)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_platform(settings, service=SERVICE, model=READ_MODEL, identity=identity) as platform:
            platform.attach(app, figures)
            admission = Admission(platform.store, platform.pool)
            access.install(
                app,
                projects=Projects(platform.store, platform.projector, platform.pool, templates, admission),
                live_log=LiveLog(platform.store, platform.projector, platform.pool),
                rules=access.Rules(
                    approval=Approval(settings.approval_from_machines),
                    longest_lease=timedelta(days=settings.max_lease_days),
                ),
                public_url=settings.public_url,
            )
            reactors = _reactors(platform, admission)
            async with platform.reacting(reactors):
                yield

    return build(lifespan)


def _reactors(platform: Platform, admission: Admission) -> list[Reactor]:
    store, projector, pool = platform.store, platform.projector, platform.pool
    lease, hold = leases.Leases(store, utc_now), holds.Holds(store)
    warning = lease_warnings.LeaseWarnings(store, utc_now)

    def reactor(name: str, subjects: tuple[str, ...], handle: Handler, stream: str = EVENTS) -> Reactor:
        return Reactor(platform.client, SERVICE, name, subjects, handle, stream=stream)

    return [
        reactor("lease-set", leases.SET_BY, lease.set),
        reactor("lease-due", (f"{leases.LEASE_DUE}.*",), lease.end, TIMERS),
        reactor("lease-warning-set", leases.SET_BY, warning.set),
        reactor("lease-warning-due", (f"{lease_warnings.WARNING_DUE}.*.*",), warning.warn, TIMERS),
        reactor("hold-set", holds.SET_BY, hold.set),
        reactor("hold-due", (f"{holds.HOLD_DUE}.*",), hold.end, TIMERS),
        reactor("allocation-denied", denials.SUBJECTS, denials.Denials(store)),
        reactor("admissions", admissions.SUBJECTS, admissions.Admissions(admission, projector)),
        reactor("machines-lost", losses.SUBJECTS, losses.Losses(store)),
        reactor("quotas", quotas.SUBJECTS, quotas.Quotas(store)),
        reactor("factory-reset", reset.SUBJECTS, reset.Reset(store, projector, pool)),
    ]


def main() -> None:
    settings = ApiSettings()
    serve(make_app(settings), settings, service=SERVICE)
