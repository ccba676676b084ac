"""Machines of vCenter: listed, taken, cloned, brought back to their clean snapshot, let go of."""

import asyncio
import base64
import gzip
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pyVmomi import vim

from hcmp_inventory.ports.hypervisor import Endpoint, Filter, VcenterAccess, VcenterError
from hcmp_inventory.ports.provider import ForeignMachine, MachineNotReady
from hcmp_testkit.ssh_lab import SshMachine
from hcmp_testkit.vcenter import Certificate, SimulatedVcenter, simulated_vcenter

Inhabit = Callable[..., Awaitable[SshMachine]]
FIRST = "DC0_C0_RP0_VM0"
SECOND = "DC0_C0_RP0_VM1"
CLONE = "hcmp-test-vm-01"


async def reference(platform: Any, name: str) -> str:
    [item] = await platform.provider.browse("machines", Filter(name_pattern=name))
    return str(item.reference)


async def adopted(platform: Any, machine: SshMachine, name: str) -> str:
    """Take this machine of the simulator, behind which that SSH server is."""
    endpoint = Endpoint(name.lower().replace("_", "-"), "hcmp", machine.port, 9100)
    located = await platform.provider.locate(await reference(platform, name), endpoint)
    await platform.provider.adopt(located, endpoint)
    return str(located.provider_ref)


async def test_what_a_server_has_is_listed_by_kind_and_chosen_by_folder_tag_and_name(
    platform: Any, vcenter: SimulatedVcenter
) -> None:
    center = vcenter.administer().rootFolder.childEntity[0]
    team = center.vmFolder.CreateFolder("team")
    team.CreateFolder("web").MoveIntoFolder_Task([vcenter.machine(FIRST)])
    await vcenter.tag("gold", [FIRST, SECOND])

    async def names(kind: str, **chosen: str) -> list[str]:
        return [item.name for item in await platform.provider.browse(kind, Filter(**chosen))]

    assert await names("folders") == ["team", "team/web"]
    assert await names("tags") == ["gold"]
    assert await names("datastores") == ["LocalDS_0"]
    assert await names("networks", name_pattern="VM*") == ["VM Network"]
    assert await names("templates") == []
    assert await names("machines") == [f"DC0_C0_RP0_VM{number}" for number in range(4)]
    assert await names("machines", folder="team") == await names("machines", folder="/team/web/") == [FIRST]
    assert await names("machines", tag="gold") == [FIRST, SECOND]
    assert await names("machines", tag="gold", name_pattern="*VM1") == [SECOND]
    for chosen in ({"folder": "elsewhere"}, {"tag": "silver"}):
        with pytest.raises(VcenterError) as missing:
            await platform.provider.browse("machines", Filter(**chosen))
        assert missing.value.slug == "vcenter-not-found"


async def test_a_machine_says_where_it_is_and_whether_it_is_on(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    await inhabit("127.0.0.2", vcenter, FIRST)
    on, off, *_ = await platform.provider.browse("machines", Filter())
    assert (on.address, on.power, on.placement) == ("127.0.0.2", "on", vcenter.machine(FIRST).runtime.host.name)
    assert (off.address, off.power, off.taken) == ("", "off", False)


async def test_ten_thousand_machines_are_one_list_and_no_call_for_each(
    make_platform: Callable[..., Any], access_to: Callable[..., VcenterAccess], certificate: Certificate
) -> None:
    async with simulated_vcenter(certificate, options={"machines": 10_000}) as large:
        platform = make_platform(access_to(large))
        listed = await platform.provider.browse("machines", Filter())
        assert len({item.reference for item in listed}) == 10_000
        assert await large.calls() < 30
        await large.fail("RetrievePropertiesEx", '<InvalidStateFault xmlns="urn:vim25" xsi:type="InvalidState"/>')
        with pytest.raises(VcenterError):
            await platform.provider.discover()


async def test_a_machine_that_is_taken_has_a_clean_snapshot_and_is_found_again(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    machine = await inhabit("127.0.0.2", vcenter, FIRST)
    taken = await adopted(platform, machine, FIRST)
    assert await platform.snapshots(taken) == ["hcmp-clean"]
    [found] = await platform.provider.discover()
    assert (found.provider_ref, found.name, found.power) == (taken, "dc0-c0-rp0-vm0", "on")
    assert (found.address, found.ssh_port, found.ssh_user) == ("127.0.0.2", machine.port, "hcmp")
    assert found.placement
    vcenter.machine(FIRST).PowerOffVM_Task()
    [off] = await platform.provider.discover()
    assert off.power == "off"
    await adopted_again(platform, vcenter, machine, taken)


async def adopted_again(platform: Any, vcenter: SimulatedVcenter, machine: SshMachine, taken: str) -> None:
    """Whoever repeats a try that broke off has one snapshot, not two."""
    vcenter.machine(FIRST).PowerOnVM_Task()
    assert await adopted(platform, machine, FIRST) == taken
    assert await platform.snapshots(taken) == ["hcmp-clean"]


async def test_machines_that_cannot_be_reached_say_why(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    endpoint = Endpoint("vm", "hcmp", 22, 9100)
    with pytest.raises(MachineNotReady, match="it is off"):
        await platform.provider.locate(await reference(platform, FIRST), endpoint)
    vcenter.machine(FIRST).PowerOnVM_Task()
    with pytest.raises(MachineNotReady, match="no address"):
        await platform.provider.locate(await reference(platform, FIRST), endpoint)
    vcenter.answer_at(FIRST, "169.254.169.254")
    with pytest.raises(MachineNotReady, match="link-local"):
        await platform.provider.locate(await reference(platform, FIRST), endpoint)
    with pytest.raises(VcenterError, match="no machine vm-99999"):
        await platform.provider.locate("vm-99999", endpoint)


async def test_a_recycle_goes_back_to_the_snapshot_switches_on_and_waits_for_ssh(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    machine = await inhabit("127.0.0.2", vcenter, FIRST)
    taken = await adopted(platform, machine, FIRST)
    vcenter.machine(FIRST).PowerOffVM_Task()
    await machine.stop()
    recycling = asyncio.create_task(platform.provider.recycle(taken))
    await asyncio.sleep(1)
    assert not recycling.done()
    await machine.start()
    made = await recycling
    assert (made.provider_ref, made.ssh_host, made.ssh_port, made.power) == (
        taken,
        "127.0.0.2",
        machine.port,
        "on",
    )
    assert made.host_key == "", "the snapshot's key is the one that was pinned"
    assert vcenter.machine(FIRST).runtime.powerState == "poweredOn"
    assert await vcenter.calls("RevertToSnapshot_Task") == 1


async def test_a_machine_without_its_snapshot_or_that_is_gone_is_not_handed_out(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    taken = await adopted(platform, await inhabit("127.0.0.2", vcenter, FIRST), FIRST)
    vcenter.machine(FIRST).RemoveAllSnapshots_Task()
    with pytest.raises(VcenterError, match="no snapshot hcmp-clean"):
        await platform.provider.recycle(taken)
    vcenter.machine(FIRST).PowerOffVM_Task()
    vcenter.machine(FIRST).Destroy_Task()
    with pytest.raises(VcenterError) as gone:
        await platform.provider.recycle(taken)
    assert gone.value.slug == "vcenter-not-found"
    await platform.provider.destroy(taken)


async def test_a_machine_that_was_imported_is_let_go_of_and_never_destroyed(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    taken = await adopted(platform, await inhabit("127.0.0.2", vcenter, FIRST), FIRST)
    await platform.provider.destroy(taken)
    assert await platform.provider.discover() == []
    assert await platform.snapshots(taken) == []
    assert vcenter.machine(FIRST).runtime.powerState == "poweredOn"
    await platform.provider.destroy(taken)


async def test_another_installations_machine_is_not_touched(
    platform: Any,
    make_platform: Callable[..., Any],
    access: VcenterAccess,
    vcenter: SimulatedVcenter,
    inhabit: Inhabit,
) -> None:
    machine = await inhabit("127.0.0.2", vcenter, FIRST)
    theirs = await adopted(platform, machine, FIRST)
    other = make_platform(access, installation="other")
    assert await other.provider.discover() == []
    for attempt in (other.provider.destroy(theirs), other.provider.recycle(theirs)):
        with pytest.raises(ForeignMachine):
            await attempt
    with pytest.raises(ForeignMachine):
        await other.provider.locate(theirs, Endpoint("vm", "hcmp", 22, 9100))
    assert await platform.snapshots(theirs) == ["hcmp-clean"]


def guestinfo(vcenter: SimulatedVcenter, name: str) -> dict[str, str]:
    found = {option.key: option.value for option in vcenter.machine(name).config.extraConfig}
    return {
        part: gzip.decompress(base64.b64decode(found[f"guestinfo.{part}"])).decode()
        for part in ("metadata", "userdata")
    }


async def test_a_clone_is_told_its_name_network_and_whom_it_lets_in_and_is_kept_as_clean(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    machine = await inhabit("127.0.0.8")
    clones = platform.clones(
        machine.port,
        template=FIRST,
        resource_pool="DC0_C0",
        datastore="LocalDS_0",
        address_range="127.0.0.8-127.0.0.9/8",
        gateway="127.0.0.1",
        nameservers="127.0.0.53",
    )
    made = await clones.create("vm-01")
    assert (made.name, made.address, made.host_key, made.power) == ("vm-01", "127.0.0.8", machine.host_key, "on")
    assert made.placement
    assert await platform.snapshots(made.provider_ref) == ["hcmp-clean"]
    told = guestinfo(vcenter, CLONE)
    metadata, (header, _, user_data) = json.loads(told["metadata"]), told["userdata"].partition("\n")
    assert header == "#cloud-config"
    assert metadata["local-hostname"] == "vm-01"
    card = metadata["network"]["ethernets"]["primary"]
    assert (card["addresses"], card["nameservers"]) == (["127.0.0.8/8"], {"addresses": ["127.0.0.53"]})
    assert card["routes"] == [{"to": "0.0.0.0/0", "via": "127.0.0.1"}]
    assert "machine/vm-01\n" in [written["content"] for written in json.loads(user_data)["write_files"]]
    assert [found.name for found in await platform.provider.discover()] == ["vm-01"]

    await platform.provider.destroy(made.provider_ref)
    assert await platform.provider.browse("machines", Filter(name_pattern=CLONE)) == []


async def test_clones_made_at_once_have_addresses_of_their_own_and_those_taken_are_left_out(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    vcenter.answer_at(SECOND, "127.0.0.11")
    machines = [await inhabit(f"127.0.0.{last}") for last in (10, 12)]
    clones = platform.clones(machines[0].port, template=FIRST, address_range="127.0.0.10-127.0.0.12/8")
    made = await asyncio.gather(clones.create("vm-01"), clones.create("vm-02"))
    assert {machine.address for machine in made} == {"127.0.0.10", "127.0.0.12"}
    with pytest.raises(VcenterError, match="No address is left"):
        await clones.create("vm-03")


async def test_a_clone_with_a_customization_specification_has_its_name_and_address(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    machine = await inhabit("127.0.0.13")
    wanted = {"template": FIRST, "address_range": "127.0.0.13-127.0.0.14/8"}
    clones = platform.clones(machine.port, **wanted, customization="vcsim-linux")
    made = await clones.create("vm-01")
    guest = vcenter.machine(CLONE).guest
    assert (guest.hostName, guest.ipAddress, made.address) == ("vm-01", "127.0.0.13", "127.0.0.13")
    with pytest.raises(VcenterError, match="no customization specification nothing"):
        await platform.clones(machine.port, **wanted, customization="nothing").create("vm-02")


async def test_a_clone_by_dhcp_is_reached_where_its_tools_say_it_is(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    machine = await inhabit("127.0.0.14")

    async def lease() -> None:
        while True:
            try:
                await asyncio.to_thread(vcenter.answer_at, CLONE, "127.0.0.14")
            except ValueError:
                await asyncio.sleep(0.05)  # it is not there yet
            else:
                return

    made, _ = await asyncio.gather(platform.clones(machine.port, template=FIRST).create("vm-01"), lease())
    assert made.address == "127.0.0.14"


async def test_of_a_clone_that_never_answers_nothing_is_left(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    machine = await inhabit("127.0.0.15", password="of nobody's")
    clones = platform.clones(machine.port, template=FIRST, address_range="127.0.0.15/8")
    with pytest.raises(MachineNotReady, match="nobody signs"):
        await clones.create("vm-01")
    assert await platform.provider.browse("machines", Filter(name_pattern=CLONE)) == []


async def test_what_an_earlier_try_left_is_replaced_and_what_is_somebody_elses_is_not(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    machine = await inhabit("127.0.0.16")
    clones = platform.clones(machine.port, template=FIRST, address_range="127.0.0.16/8")
    before = await clones.create("vm-01")
    after = await clones.create("vm-01")
    assert after.provider_ref != before.provider_ref
    vcenter.machine(SECOND).Rename_Task("hcmp-test-vm-02")
    with pytest.raises(VcenterError, match="did not make"):
        await clones.create("vm-02")
    assert vcenter.machine("hcmp-test-vm-02").config.template is False


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"template": "nothing"}, "no template nothing"),
        ({"template": FIRST, "datastore": "nothing"}, "no datastore nothing. There are: LocalDS_0"),
        ({"template": FIRST, "network": "nothing"}, "no network nothing"),
        ({"template": FIRST, "folder": "nothing"}, "no folder nothing"),
        ({"template": FIRST, "resource_pool": "nothing"}, "no cluster or resource pool nothing"),
        ({"template": FIRST, "host": "nothing"}, "no ESXi host nothing"),
    ],
)
async def test_what_a_clone_lacks_is_named(platform: Any, wanted: dict[str, str], sentence: str) -> None:
    with pytest.raises(VcenterError, match=sentence) as missing:
        await platform.clones(22, **wanted).create("vm-01")
    assert missing.value.slug == "vcenter-not-found"


async def test_a_clone_goes_to_the_network_that_is_wanted(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    machine = await inhabit("127.0.0.17")
    clones = platform.clones(machine.port, template=FIRST, network="VM Network", address_range="127.0.0.17/8")
    await clones.create("vm-01")
    devices = vcenter.machine(CLONE).config.hardware.device
    card: Any
    [card] = [device for device in devices if isinstance(device, vim.vm.device.VirtualEthernetCard)]
    assert card.backing.deviceName == "VM Network"


async def test_a_single_host_does_all_but_clone(
    make_platform: Callable[..., Any],
    access_to: Callable[..., VcenterAccess],
    certificate: Certificate,
    inhabit: Inhabit,
) -> None:
    async with simulated_vcenter(certificate, options={"esx": "true", "machines": 2}) as host:
        platform = make_platform(access_to(host, datacenter=""))
        assert "ESXi" in (await platform.provider.test(platform.access)).name
        [first, _] = await platform.provider.browse("machines", Filter())
        taken = await adopted(platform, await inhabit("127.0.0.2", host, first.name), first.name)
        assert (await platform.provider.recycle(taken)).address == "127.0.0.2"
        await platform.provider.destroy(taken)
        with pytest.raises(VcenterError, match="no tags"):
            await platform.provider.browse("tags", Filter())


async def test_the_marks_of_machines_are_read_again_only_when_their_configuration_has_changed(
    platform: Any, vcenter: SimulatedVcenter, inhabit: Inhabit
) -> None:
    first = await adopted(platform, await inhabit("127.0.0.2", vcenter, FIRST), FIRST)

    async def discovered() -> tuple[list[str], int]:
        before = await vcenter.calls("RetrievePropertiesEx")
        found = [machine.provider_ref for machine in await platform.provider.discover()]
        return found, await vcenter.calls("RetrievePropertiesEx") - before

    machines_and_hosts = 2
    assert await discovered() == ([first], machines_and_hosts + 1)
    assert await discovered() == ([first], machines_and_hosts)
    second = await adopted(platform, await inhabit("127.0.0.3", vcenter, SECOND), SECOND)
    assert await discovered() == ([first, second], machines_and_hosts + 1)
    await platform.provider.destroy(first)
    assert await discovered() == ([second], machines_and_hosts + 1)
