"""A new machine out of a template: where it is put, and what it is told of itself."""

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from pyVmomi import vim

from hcmp_contracts.cause import Cause
from hcmp_inventory.adapters.vsphere.browsing import machines
from hcmp_inventory.adapters.vsphere.cloud_init import FirstBoot, FixedAddress
from hcmp_inventory.adapters.vsphere.marks import Marks, options
from hcmp_inventory.adapters.vsphere.places import Shelf, absent, datacenter, folder, several
from hcmp_inventory.adapters.vsphere.session import Content, Session
from hcmp_inventory.ports.hypervisor import CloneDefaults, Filter, VcenterError


@dataclass(frozen=True, slots=True)
class Clone:
    """`name` is what the server calls it; it calls itself what `first_boot` says."""

    name: str
    wanted: CloneDefaults
    marks: Marks
    first_boot: FirstBoot


@dataclass(frozen=True, slots=True)
class Plan:
    """What the call that clones needs, looked up before."""

    template: Any
    folder: Any
    spec: Any
    # What the machine is told once it is there, before it is switched on; None: cloud-init tells it.
    customization: Any


def planned(content: Content, session: Session, clone: Clone) -> Plan:
    """Raises VcenterError `vcenter-not-found` for whatever the server has not, or has several of."""
    wanted = clone.wanted
    center = datacenter(content, session)
    template = _template(content, session, wanted.template)
    cards = _cards(template)
    place = vim.vm.RelocateSpec(pool=_pool(content, session, center, wanted.resource_pool))
    if wanted.datastore:
        place.datastore, _ = Shelf(session, vim.Datastore, "datastore", center).named(content, wanted.datastore)
    if wanted.host:
        place.host, _ = Shelf(session, vim.HostSystem, "host", center).named(content, wanted.host)
    if wanted.network:
        network, _ = Shelf(session, vim.Network, "network", center).named(content, wanted.network)
        place.deviceChange = [_attached(card, network) for card in cards[:1]]
    configuration = vim.vm.ConfigSpec(extraConfig=clone.marks.options())
    if not wanted.customization:
        configuration.extraConfig += options(clone.first_boot.guestinfo())
    return Plan(
        template=template,
        folder=folder(content, session, center, wanted.folder),
        spec=vim.vm.CloneSpec(location=place, config=configuration, powerOn=False, template=False),
        customization=_customization(content, clone, len(cards)) if wanted.customization else None,
    )


def _template(content: Content, session: Session, name: str) -> Any:
    """A template, or a machine of that name that is one in all but name."""
    for templates in (True, False):
        found = machines(content, session, Filter(), templates=templates)
        chosen = [item for item in found if name in (item.name, item.reference) or (templates and not name)]
        if len(chosen) == 1:
            return session.object(vim.VirtualMachine, chosen[0].reference)
        if chosen:
            names = ", ".join(item.name for item in chosen[:20])
            text = f"There are several templates; name one of: {names}."
            raise VcenterError("vcenter-not-found", text, *several("template", names))
    text = f"There is no template {name}.".replace(" .", ".")
    raise VcenterError("vcenter-not-found", text, *absent("template", name))


def _pool(content: Content, session: Session, center: Any, name: str) -> Any:
    """The root pool of the cluster or host of this name, or the resource pool of this name."""
    computers = Shelf(session, vim.ComputeResource, "cluster", center)
    try:
        _, has = computers.named(content, name, "resourcePool")
    except VcenterError:
        if not name:
            raise
        pool, _ = Shelf(session, vim.ResourcePool, "resource-pool", center).named(content, name)
        return pool
    return has["resourcePool"]


def _cards(template: Any) -> list[Any]:
    return [
        device
        for device in template.config.hardware.device
        if isinstance(device, vim.vm.device.VirtualEthernetCard)
    ]


def _attached(card: Any, network: Any) -> Any:
    """The change that puts a network card on this network."""
    if isinstance(network, vim.dvs.DistributedVirtualPortgroup):
        switch: Any = network.config.distributedVirtualSwitch
        port = vim.dvs.PortConnection(portgroupKey=network.key, switchUuid=switch.uuid)
        card.backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
    else:
        card.backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=network.name)
    return vim.vm.device.VirtualDeviceSpec(operation="edit", device=card)


def _customization(content: Content, clone: Clone, cards: int) -> Any:
    """VCenter's own specification of that name, with this clone's host name and, if it has one, address."""
    manager = content.customizationSpecManager
    name = clone.wanted.customization
    if manager is None or not manager.DoesCustomizationSpecExist(name):
        text = f"There is no customization specification {name}."
        raise VcenterError("vcenter-not-found", text, *absent("customization", name))
    spec = manager.GetCustomizationSpec(name).spec
    if not isinstance(spec.identity, vim.vm.customization.LinuxPrep):
        text, cause = (
            f"The customization specification {name} is not for Linux.",
            Cause.of("not-for-linux", name=name),
        )
        raise VcenterError("vcenter-setting-invalid", text, cause)
    spec.identity.hostName = vim.vm.customization.FixedName(name=clone.first_boot.name)
    if clone.first_boot.network is not None:
        fixed = vim.vm.customization.AdapterMapping(adapter=_adapter(clone.first_boot.network))
        dhcp = vim.vm.customization.IPSettings(ip=vim.vm.customization.DhcpIpGenerator())
        others = [vim.vm.customization.AdapterMapping(adapter=dhcp) for _ in range(cards - 1)]
        spec.nicSettingMap = [fixed, *others]
        if clone.first_boot.network.nameservers:
            spec.globalIPSettings.dnsServerList = list(clone.first_boot.network.nameservers)
    return spec


def _adapter(network: FixedAddress) -> Any:
    return vim.vm.customization.IPSettings(
        ip=vim.vm.customization.FixedIp(ipAddress=network.address),
        subnetMask=str(IPv4Network(f"0.0.0.0/{network.prefix}").netmask),
        gateway=[network.gateway] if network.gateway else [],
    )
