"""Addresses that people give: resolved once, every result checked, and the checked one is what is used."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterator

from hcmp_inventory.ports.connections import AddressRefusedError, Objection

RESOLVE_SECONDS = 5.0
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Where clouds answer questions about a machine, secrets included, outside the link-local range.
METADATA = frozenset(ipaddress.ip_address(text) for text in ("fd00:ec2::254", "100.100.100.200", "192.0.0.192"))
THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
NAT64 = ipaddress.ip_network("64:ff9b::/96")
SAID: dict[Objection, str] = {
    "metadata-service": "a metadata service",
    "loopback": "this computer itself",
    "no-address": "no address",
    "link-local": "link-local",
    "multicast": "multicast",
    "reserved": "reserved",
}


class CheckedAddresses:
    """`allow_loopback` is for the lab, whose machines are reached at ports of this computer."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback

    async def resolve(self, address: str) -> str:
        results = await _resolve(address)
        for result in results:
            if objection := self._objection(result):
                raise AddressRefusedError(address, f"{result} is {SAID[objection]}", objection=objection)
        return str(results[0])

    def _objection(self, address: IPAddress) -> Objection | None:
        return next((reason for inner in _unwrapped(address) if (reason := self._plain_objection(inner))), None)

    def _plain_objection(self, address: IPAddress) -> Objection | None:
        objections: dict[Objection, bool] = {
            "metadata-service": address in METADATA,
            "loopback": address.is_loopback and not self._allow_loopback,
            "no-address": address.is_unspecified or address in THIS_NETWORK,
            "link-local": address.is_link_local,
            "multicast": address.is_multicast,
            "reserved": address.is_reserved and not address.is_loopback,
        }
        return next((reason for reason, applies in objections.items() if applies), None)


def _unwrapped(address: IPAddress) -> Iterator[IPAddress]:
    """The address and those that it carries: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    carried = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        carried.append(ipaddress.IPv4Address(address.packed[12:]))
    inner = [found for found in carried if found is not None]
    yield from inner
    if not inner:
        yield address


async def _resolve(address: str) -> list[IPAddress]:
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(address, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise AddressRefusedError(address, "it cannot be resolved", objection="unresolved") from error
    # A scope (`fe80::1%eth0`) says through which interface, not where.
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
