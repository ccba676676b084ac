"""vCenter as a provider: finds, takes, clones, reverts and lets go of machines, by the settings of the moment."""

from collections.abc import Sequence
from dataclasses import replace

from hcmp_contracts.cause import Cause
from hcmp_inventory.adapters.vsphere.browsing import items, power
from hcmp_inventory.adapters.vsphere.checking import checked
from hcmp_inventory.adapters.vsphere.clones import Clones, Identity, Workshop
from hcmp_inventory.adapters.vsphere.connections import Connections
from hcmp_inventory.adapters.vsphere.discovery import Discovery, described
from hcmp_inventory.adapters.vsphere.hands import ADDRESS_SECONDS, Hands
from hcmp_inventory.adapters.vsphere.marks import Marks
from hcmp_inventory.adapters.vsphere.places import absent
from hcmp_inventory.adapters.vsphere.reaching import Reach
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.ports.hypervisor import (
    CloneDefaults,
    Endpoint,
    Filter,
    Item,
    Kind,
    Maker,
    Server,
    VcenterAccess,
    VcenterError,
)
from hcmp_inventory.ports.provider import ForeignMachine, Machine, MachineNotReady

OFF = Reason.of("it is off; switch it on first", "machine-off")
NO_ADDRESS = Reason.of("it reports no address; are its VMware Tools running?", "no-address-reported")


class VsphereProvider:
    """A machine's reference is its managed object's id, which survives a change of its name or its host."""

    def __init__(
        self,
        connections: Connections,
        reach: Reach,
        identity: Identity,
        *,
        address_seconds: float = ADDRESS_SECONDS,
    ) -> None:
        self._connections = connections
        self._reach = reach
        self._identity = identity
        self._address_seconds = address_seconds
        self._workshop = Workshop()
        self._discovery = Discovery(identity.installation)

    async def close(self) -> None:
        await self._connections.close()

    async def discover(self) -> list[Machine]:
        if await self._connections.configured() is None:
            return []
        session = await self._connections.session()
        return await session.call(lambda content: self._discovery.own(content, session))

    async def create(self, name: str) -> Machine:
        return await self.cloning(CloneDefaults()).create(name)

    async def recycle(self, provider_ref: str) -> Machine:
        """Back to the clean snapshot, and up again. Its host key is the one of then, which is pinned already."""
        async with self._workshop.places:
            hands = await self._hands(provider_ref)
            marks = await self._own_marks(hands)
            if marks is None:
                text = f"The server has no machine {provider_ref} of the platform."
                raise VcenterError("vcenter-not-found", text, Cause.of("machine-unmarked", reference=provider_ref))
            await hands.revert()
            await hands.switch_on()
            machine = await self._described(hands, marks.endpoint, fixed=marks.fixed)
        await self._reach.greeted(machine.name, machine.ssh_host, machine.ssh_port)
        return machine

    async def destroy(self, provider_ref: str) -> None:
        """A clone is destroyed; a machine that was imported is its owner's, and only let go of."""
        async with self._workshop.places:
            hands = await self._hands(provider_ref)
            marks = await self._own_marks(hands)
            if marks is None:
                return
            if marks.origin == "imported":
                await hands.forget_snapshots()
                await hands.unmark()
                return
            await hands.switch_off()
            await hands.destroy()

    async def test(self, access: VcenterAccess) -> Server:
        async with self._connections.trying(access) as session:
            return await session.call(lambda content: checked(content, session))

    async def browse(self, kind: Kind, chosen: Filter) -> Sequence[Item]:
        session = await self._connections.session()
        return await session.call(lambda content: items(content, session, kind, chosen))

    async def locate(self, reference: str, endpoint: Endpoint) -> Machine:
        hands = await self._hands(reference)
        has = await hands.properties()
        if has is None:
            text = f"The server has no machine {reference}."
            raise VcenterError("vcenter-not-found", text, *absent("machine", reference))
        marks = Marks.read(has.get("config.extraConfig"))
        if marks is not None and marks.installation != self._identity.installation:
            raise ForeignMachine(provider_ref=reference)
        if power(has) != "on":
            raise MachineNotReady(name=endpoint.name, reason=OFF)
        if not has.get("guest.ipAddress"):
            raise MachineNotReady(name=endpoint.name, reason=NO_ADDRESS)
        return await self._described(hands, endpoint)

    async def adopt(self, machine: Machine, endpoint: Endpoint) -> None:
        async with self._workshop.places:
            hands = await self._hands(machine.provider_ref)
            await hands.mark(Marks(self._identity.installation, "imported", endpoint))
            await hands.snapshot()

    def cloning(self, wanted: CloneDefaults) -> Maker:
        return Clones(self._connections, self._identity, self._reach, self._workshop, wanted)

    async def _hands(self, reference: str) -> Hands:
        return Hands(await self._connections.session(), reference, self._address_seconds)

    async def _own_marks(self, hands: Hands) -> Marks | None:
        """None if it is gone, or nobody's. Raises ForeignMachine."""
        has = await hands.properties()
        marks = None if has is None else Marks.read(has.get("config.extraConfig"))
        if marks is not None and marks.installation != self._identity.installation:
            raise ForeignMachine(provider_ref=hands.reference)
        return marks

    async def _described(self, hands: Hands, endpoint: Endpoint, *, fixed: str = "") -> Machine:
        """A machine that runs, at an address that was checked."""
        address = fixed or await hands.address()
        host = await self._reach.checked(endpoint.name, address)
        found = described(hands.reference, endpoint, address)
        return replace(found, ssh_host=host, exporter_host=host, placement=await hands.placement(), power="on")
