"""The composition root of the inventory: the only file that puts its parts together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from uuid_utils.compat import uuid7

from hcmp_eventstore.reactor import Handler, Reactor
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import utc_now
from hcmp_inventory.adapters.accounts import RemoteAccounts
from hcmp_inventory.adapters.addresses import CheckedAddresses
from hcmp_inventory.adapters.backups import StreamBackups
from hcmp_inventory.adapters.certificates import ProbeCertificates, TrustedAuthorities
from hcmp_inventory.adapters.docker import DockerProvider
from hcmp_inventory.adapters.exclusive import AdvisoryLocks
from hcmp_inventory.adapters.playbook_cleaner import PlaybookCleaner
from hcmp_inventory.adapters.project_logs import PurgeableLogs
from hcmp_inventory.adapters.ssh import SshProber
from hcmp_inventory.adapters.vsphere.clones import Identity
from hcmp_inventory.adapters.vsphere.connections import Connections
from hcmp_inventory.adapters.vsphere.provider import VsphereProvider
from hcmp_inventory.adapters.vsphere.reaching import Reach
from hcmp_inventory.api.application import application
from hcmp_inventory.api.parts import Parts
from hcmp_inventory.domain.vitals import Limits
from hcmp_inventory.handlers import drift, health
from hcmp_inventory.handlers.adoption import Adoptions
from hcmp_inventory.handlers.allocation import Allocations
from hcmp_inventory.handlers.cleaning import CleanUps
from hcmp_inventory.handlers.imports import Imports
from hcmp_inventory.handlers.machines import Machines
from hcmp_inventory.handlers.policies import PoolPolicies
from hcmp_inventory.handlers.reset import Resets
from hcmp_inventory.handlers.settings import PlatformSettings
from hcmp_inventory.handlers.static_imports import StaticImports
from hcmp_inventory.handlers.vcenter import VcenterSettings
from hcmp_inventory.ports.hypervisor import Vcenter
from hcmp_inventory.ports.provider import Announcing, Provider
from hcmp_inventory.projections import figures
from hcmp_inventory.projections.model import MODEL
from hcmp_inventory.reactors import (
    departures,
    granting,
    keeping,
    outcomes,
    picking,
    queueing,
    recycling,
    resetting,
    retirement,
    sweeping,
)
from hcmp_inventory.settings import InventorySettings
from hcmp_runner.run_directory import prepare
from hcmp_webkit.identity import Identity as Readers
from hcmp_webkit.platform import Platform, open_platform
from hcmp_webkit.serve import serve
from hcmp_webkit.ssh_certificates import SshCertificates
from hcmp_webkit.vault import Vault

SERVICE = "inventory"
GRANTS_AT_ONCE = 8
RECYCLES_AT_ONCE = 8
PROBE_SECONDS = 5.0

Sweep = Callable[[Context], Awaitable[int]]


def build(
    settings: InventorySettings,
    *,
    identity: Readers | None = None,
    providers: Mapping[str, Provider] | None = None,
) -> FastAPI:
    """The service, whose parts open when it starts. Without `identity` the auth service is asked, and without
    `providers` there is the lab's if the settings name its image.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if settings.playbooks_dir is not None:
                await asyncio.to_thread(prepare, settings.run_directory)
            platform = await stack.enter_async_context(
                open_platform(settings, service=SERVICE, model=MODEL, identity=identity)
            )
            certificates = SshCertificates(platform.client)
            lab = _opened_lab(settings, certificates, stack) if providers is None else providers
            probes = ProbeCertificates(certificates, clock=utc_now)
            authorities = TrustedAuthorities(certificates, patience=0.0)  # whoever surveys comes again
            machines = _machines(settings, platform, probes, authorities)
            vcenter_settings = VcenterSettings(PlatformSettings(platform.store, machines.vault), machines.vault)
            vcenter = _vcenter(settings, vcenter_settings, machines, certificates)
            stack.push_async_callback(vcenter.close)
            parts = _parts(settings, platform, machines, {**lab, "vsphere": vcenter}, (vcenter_settings, vcenter))
            reactors = _reactors(settings, platform, parts, probes)
            await stack.enter_async_context(platform.reacting(reactors))
            await stack.enter_async_context(platform.background(*_watches(settings, platform, parts, probes)))
            app.state.parts = parts
            platform.attach(app, figures.figures)
            yield

    return application(lifespan)


def _opened_lab(
    settings: InventorySettings, certificates: SshCertificates, stack: AsyncExitStack
) -> Mapping[str, Provider]:
    lab = _lab(settings, certificates)
    if lab is None:
        return {}
    stack.push_async_callback(lab.close)
    return {"docker": lab}


def _lab(settings: InventorySettings, certificates: SshCertificates) -> DockerProvider | None:
    if not settings.lab_image:
        return None
    return DockerProvider(
        installation=settings.installation,
        image=settings.lab_image,
        authorities=TrustedAuthorities(certificates),
    )


def _machines(
    settings: InventorySettings, platform: Platform, probes: ProbeCertificates, authorities: TrustedAuthorities
) -> Machines:
    return Machines(
        store=platform.store,
        prober=SshProber(key_file=settings.ssh_key_file, certificate=probes.of, authorities=authorities),
        addresses=CheckedAddresses(allow_loopback=settings.allow_loopback),
        vault=Vault(settings.fernet_keys.get_secret_value()),
    )


def _vcenter(
    settings: InventorySettings, stored: VcenterSettings, machines: Machines, certificates: SshCertificates
) -> VsphereProvider:
    """Whichever server the settings name at the time; there may be none."""
    return VsphereProvider(
        Connections(stored.access, machines.addresses),
        Reach(machines.addresses, machines.prober),
        Identity(settings.installation, TrustedAuthorities(certificates)),
    )


def _parts(
    settings: InventorySettings,
    platform: Platform,
    machines: Machines,
    providers: Mapping[str, Provider],
    outside: tuple[VcenterSettings, Vcenter],
) -> Parts:
    stored, vcenter = outside
    locks = AdvisoryLocks(settings.database_url.get_secret_value())
    targets = (target.strip() for target in settings.metrics_targets.split(","))
    return Parts(
        pool=platform.pool,
        projector=platform.projector,
        machines=machines,
        imports=Imports(machines=machines, providers=providers, exclusive=locks),
        policies=PoolPolicies(platform.store),
        static_imports=StaticImports(machines),
        settings=stored.settings,
        vcenter=vcenter,
        vcenter_settings=stored,
        adoptions=Adoptions(machines=machines, vcenter=vcenter, exclusive=locks),
        resets=Resets(store=platform.store, accounts=RemoteAccounts(platform.client), backups=_backups(settings)),
        metrics_targets=tuple(target for target in targets if target),
        sd_token=settings.sd_token,
    )


def _backups(settings: InventorySettings) -> StreamBackups:
    return StreamBackups(
        settings.nats_url,
        user=settings.reset_nats_user,
        password=settings.reset_nats_password.get_secret_value(),
        folder=settings.backup_directory,
    )


def _reactors(
    settings: InventorySettings, platform: Platform, parts: Parts, probes: ProbeCertificates
) -> list[Reactor]:
    store, pool, projector = platform.store, platform.pool, platform.projector
    providers, locks = parts.imports.providers, parts.imports.exclusive
    allocations = Allocations(store)
    logs = PurgeableLogs(
        settings.nats_url,
        user=settings.reset_nats_user,
        password=settings.reset_nats_password.get_secret_value(),
    )
    grants = granting.Granting(allocations, picking.Picks(store, pool, projector), parts.resets)
    keeper = keeping.Keeping(pool, projector, parts.imports, parts.policies, parts.resets)
    cleaner = _cleaner(settings, probes)
    recycler = recycling.Recycler(parts.machines, providers, parts.resets, cleaner)
    leaving = departures.Departures(pool, CleanUps(parts.machines, cleaner))
    reset = resetting.Resetting(
        store, pool, projector, providers, locks, logs, parts.resets, parts.policies, leaving
    )

    def reactor(name: str, subjects: tuple[str, ...], handle: Handler, slots: int = 1) -> Reactor:
        return Reactor(platform.client, SERVICE, name, subjects, handle, slots=slots)

    return [
        reactor("granting", granting.SUBJECTS, grants, GRANTS_AT_ONCE),
        reactor("keeping", keeping.SUBJECTS, keeper),
        reactor("queueing", queueing.SUBJECTS, queueing.Queueing(grants, pool, projector)),
        reactor("outcomes", outcomes.SUBJECTS, outcomes.Outcomes(allocations), slots=4),
        reactor("recycling", recycling.SUBJECTS, recycler, RECYCLES_AT_ONCE),
        reactor("retirement", retirement.SUBJECTS, retirement.Undertaker(store, providers, locks), slots=2),
        reactor("reset", resetting.SUBJECTS, reset),
    ]


def _cleaner(settings: InventorySettings, probes: ProbeCertificates) -> PlaybookCleaner | None:
    if settings.playbooks_dir is None:
        return None
    return PlaybookCleaner(
        playbooks=settings.playbooks_dir,
        run_directory=settings.run_directory,
        platform_key=settings.ssh_key_file,
        certificate=probes.of,
    )


def _watches(
    settings: InventorySettings, platform: Platform, parts: Parts, probes: ProbeCertificates
) -> Iterator[Coroutine[Any, Any, None]]:
    """The sweeps that the settings want, and what brings them forward."""
    machines, pool, locks = parts.machines, platform.pool, parts.imports.exclusive

    def sweep(
        name: str, work: Sweep, seconds: float, wake: asyncio.Event | None = None
    ) -> Coroutine[Any, Any, None]:
        return sweeping.Sweeping(name, work, seconds, locks, platform.projector, uuid7, wake).run()

    impatient = SshProber(key_file=settings.ssh_key_file, certificate=probes.of, seconds=PROBE_SECONDS)
    limits = Limits(settings.health_free_mib * 1024**2, settings.health_clock_seconds)
    if settings.health_seconds:
        probing = health.Health(machines, impatient, pool, limits)
        yield sweep("health", probing.sweep, settings.health_seconds)
    if not settings.drift_seconds:
        return
    for name, provider in parts.imports.providers.items():
        wake, again = None, drift.AGAIN_SECONDS
        if isinstance(provider, Announcing):
            wake, again = asyncio.Event(), drift.AGAIN_TOLD_SECONDS
            yield sweeping.wake_on_changes(provider, wake)
        compare = drift.Drifts(machines, pool, {name: provider}, again=again)
        yield sweep(f"drift/{name}", compare.sweep, settings.drift_seconds, wake)


def main() -> None:
    settings = InventorySettings()
    serve(build(settings), settings, service=SERVICE)
