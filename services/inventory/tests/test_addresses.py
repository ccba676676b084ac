"""Addresses that people give are resolved once and every result is checked."""

import pytest

from hcmp_inventory.adapters.addresses import CheckedAddresses
from hcmp_inventory.ports.connections import AddressRefusedError

OUTSIDE = CheckedAddresses(allow_loopback=False)
LAB = CheckedAddresses(allow_loopback=True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "localhost",
        "::1",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "224.0.0.1",
        "ff02::1",
        "240.0.0.1",
        "255.255.255.255",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "there-is-no-such-name.invalid",
    ],
)
async def test_addresses_that_lead_inside_are_refused(address: str) -> None:
    with pytest.raises(AddressRefusedError):
        await OUTSIDE.resolve(address)


@pytest.mark.parametrize("address", ["10.0.0.21", "192.168.1.4", "172.20.0.3", "203.0.113.7", "2001:db8::1"])
async def test_addresses_of_machines_are_taken_as_they_are(address: str) -> None:
    assert await OUTSIDE.resolve(address) == address


async def test_the_lab_may_use_this_computer_and_nothing_else_that_is_special() -> None:
    assert await LAB.resolve("127.0.0.1") == "127.0.0.1"
    assert await LAB.resolve("::1") == "::1"
    with pytest.raises(AddressRefusedError):
        await LAB.resolve("169.254.169.254")
