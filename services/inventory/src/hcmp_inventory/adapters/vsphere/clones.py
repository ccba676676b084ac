"""Makes clones: each is planned, cloned, told who it is, reached, and kept as clean; or nothing of it is left."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, fields, replace

import structlog

from hcmp_contracts.cause import Cause
from hcmp_inventory.adapters.vsphere.browsing import machines
from hcmp_inventory.adapters.vsphere.cloning import Clone, planned
from hcmp_inventory.adapters.vsphere.cloud_init import FirstBoot, FixedAddress
from hcmp_inventory.adapters.vsphere.connections import Connections
from hcmp_inventory.adapters.vsphere.hands import Hands, run_task
from hcmp_inventory.adapters.vsphere.marks import Marks
from hcmp_inventory.adapters.vsphere.reaching import Reach
from hcmp_inventory.adapters.vsphere.session import Session
from hcmp_inventory.domain.address_range import AddressRange, NoAddressLeftError
from hcmp_inventory.ports.connections import CertificateUnavailableError
from hcmp_inventory.ports.hypervisor import CloneDefaults, Endpoint, Filter, VcenterError
from hcmp_inventory.ports.provider import Machine, ProviderError

log = structlog.get_logger(__name__)

EXPORTER_PORT = 9100
# Half of the threads, so that people who browse wait for nobody's clone.
AT_ONCE = 8


@dataclass(frozen=True)
class Identity:
    """Who makes the clones, and whom they let in."""

    installation: str
    # The public keys of the platform's certificate authorities, one a line; raises CertificateUnavailableError.
    authorities: Callable[[], Awaitable[str]]

    def machine(self, name: str) -> str:
        """What the server calls a clone, as no other installation, and nobody else, calls a machine."""
        return f"hcmp-{self.installation}-{name}"


@dataclass
class Workshop:
    """What machines that are being worked on share: so many places, each of which may take a thread for a wait,
    and the addresses that clones will have, and no server knows of yet.
    """

    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    promised: set[str] = field(default_factory=set)
    choosing: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class Clones:
    """`wanted` as asked for; what is empty there follows the settings."""

    connections: Connections
    identity: Identity
    reach: Reach
    workshop: Workshop
    wanted: CloneDefaults
    ssh_port: int = 22

    async def create(self, name: str) -> Machine:
        """A clone of this name, in place of one that an earlier try left. What fails half-way is destroyed.

        Raises ProviderError.
        """
        async with self.workshop.places:
            return await self._create(name)

    async def _create(self, name: str) -> Machine:
        session = await self.connections.session()
        wanted = merged(self.wanted, session.access.defaults)
        endpoint = Endpoint(name, wanted.ssh_user, self.ssh_port, EXPORTER_PORT)
        await self._remove_leftover(session, name)
        network = await self._address(session, wanted)
        try:
            hands = await self._cloned(session, wanted, endpoint, network)
            try:
                return await self._started(hands, endpoint, network)
            except ProviderError:
                await _undone(hands)
                raise
        finally:
            if network is not None:
                self.workshop.promised.discard(network.address)

    async def _remove_leftover(self, session: Session, name: str) -> None:
        own = self.identity.machine(name)
        chosen = Filter(name_pattern=own)
        found = await session.call(lambda content: machines(content, session, chosen))
        for item in found:
            hands = Hands(session, item.reference)
            has = await hands.properties() or {}
            marks = Marks.read(has.get("config.extraConfig"))
            if marks is None or (marks.installation, marks.origin) != (self.identity.installation, "cloned"):
                text = f"The server has a machine {own} that the platform did not make."
                raise VcenterError("vcenter-fault", text, Cause.of("name-taken-outside", name=own))
            await hands.switch_off()
            await hands.destroy()

    async def _address(self, session: Session, wanted: CloneDefaults) -> FixedAddress | None:
        if not wanted.address_range:
            return None
        choices = AddressRange.parse(wanted.address_range)
        async with self.workshop.choosing:
            listed = await session.call(lambda content: machines(content, session, Filter()))
            seen = {address for item in listed for address in (item.address, item.fixed)}
            try:
                chosen = choices.lowest_free(seen | self.workshop.promised)
            except NoAddressLeftError as error:
                cause = Cause.of("no-address-left", range=wanted.address_range)
                raise VcenterError("vcenter-not-found", f"No address is left: {error}.", cause) from error
            self.workshop.promised.add(chosen)
        servers = wanted.nameservers.replace(",", " ").split()
        return FixedAddress(chosen, choices.prefix, wanted.gateway, servers)

    async def _cloned(
        self, session: Session, wanted: CloneDefaults, endpoint: Endpoint, network: FixedAddress | None
    ) -> Hands:
        marks = Marks(self.identity.installation, "cloned", endpoint, network.address if network else "")
        boot = FirstBoot(endpoint.name, wanted.ssh_user, await self._authorities(), network)
        clone = Clone(self.identity.machine(endpoint.name), wanted, marks, boot)
        plan = await session.call(lambda content: planned(content, session, clone))
        made = await run_task(
            session, lambda _: plan.template.CloneVM_Task(folder=plan.folder, name=clone.name, spec=plan.spec)
        )
        hands = Hands(session, made._GetMoId())  # noqa: SLF001 - pyvmomi has no other way
        if plan.customization is not None:
            try:
                await hands.customize(plan.customization)
            except ProviderError:
                await _undone(hands)
                raise
        return hands

    async def _authorities(self) -> Sequence[str]:
        try:
            return (await self.identity.authorities()).splitlines()
        except CertificateUnavailableError as error:
            text = f"a clone would not know whom to trust: {error}"
            raise ProviderError(text, Cause.of("trust-unknown"), *error.causes) from error

    async def _started(self, hands: Hands, endpoint: Endpoint, network: FixedAddress | None) -> Machine:
        await hands.switch_on()
        address = network.address if network is not None else await hands.address()
        host = await self.reach.checked(endpoint.name, address)
        key = await self.reach.pinned(host, endpoint)
        await hands.snapshot()
        return Machine(
            name=endpoint.name,
            address=address,
            ssh_host=host,
            ssh_port=endpoint.ssh_port,
            ssh_user=endpoint.ssh_user,
            exporter_host=host,
            exporter_port=endpoint.exporter_port,
            provider_ref=hands.reference,
            host_key=key,
            placement=await hands.placement(),
            power="on",
        )


def merged(wanted: CloneDefaults, defaults: CloneDefaults) -> CloneDefaults:
    """What is wanted, and the defaults where nothing is."""
    given = {one.name: getattr(wanted, one.name) for one in fields(wanted) if getattr(wanted, one.name)}
    return replace(defaults, **given)


async def _undone(hands: Hands) -> None:
    """Destroy what was made half; if even that fails, the next try with this name will."""
    try:
        await hands.switch_off()
        await hands.destroy()
    except ProviderError as error:
        log.warning("clone_left_behind", machine=hands.reference, reason=str(error))
