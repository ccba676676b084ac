"""Where a lab machine is reached: an address on the lab's network and two ports of 127.0.0.1.

They are chosen once and written on the container, so that they outlive every restart. The first choice
follows from the installation and the machine's number: a machine that was lost comes back where it was.
"""

import ipaddress
import re
import socket
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Self, TypeVar

# Below the ports that Linux gives to outgoing connections, which could take one while a machine is off.
_PORTS = range(20_000, 32_000, 2)
_PORTS_PER_INSTALLATION = 100
_SUBNETS = ipaddress.IPv4Network("10.213.0.0/16")
# A machine's number added to this is the last part of its preferred address: lab-01 is 10.213.x.11.
_FIRST_HOST = 10

T = TypeVar("T")


class NoRoom(Exception):
    """Every address or every port is taken."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    address: str
    ssh_port: int
    exporter_port: int

    @classmethod
    def from_labels(cls, labels: Mapping[str, str]) -> Self:
        return cls(
            address=labels["hcmp.address"],
            ssh_port=int(labels["hcmp.ssh-port"]),
            exporter_port=int(labels["hcmp.exporter-port"]),
        )

    def labels(self) -> dict[str, str]:
        return {
            "hcmp.address": self.address,
            "hcmp.ssh-port": str(self.ssh_port),
            "hcmp.exporter-port": str(self.exporter_port),
        }


def candidate_subnets(
    installation: str, taken: Collection[ipaddress.IPv4Network]
) -> Iterator[ipaddress.IPv4Network]:
    """Subnets of 254 hosts that overlap none of those taken, the installation's own choice first."""
    subnets = list(_SUBNETS.subnets(new_prefix=24))
    start = zlib.crc32(installation.encode()) % len(subnets)
    for subnet in chain(subnets[start:], subnets[:start]):
        if not any(subnet.overlaps(other) for other in taken):
            yield subnet


def choose_endpoint(
    installation: str, name: str, *, subnet: ipaddress.IPv4Network, taken: Collection[Endpoint]
) -> Endpoint:
    """The machine's preferred address and ports, or the next free ones."""
    number = _number(name)
    addresses = {endpoint.address for endpoint in taken}
    hosts = list(subnet.hosts())[_FIRST_HOST - 1 :]
    address = next((str(host) for host in _from(hosts, number) if str(host) not in addresses), None)
    ports = {endpoint.ssh_port for endpoint in taken}
    blocks = len(_PORTS) // (_PORTS_PER_INSTALLATION // 2)
    first = zlib.crc32(installation.encode()) % blocks * (_PORTS_PER_INSTALLATION // 2) + number
    port = next((port for port in _from(list(_PORTS), first) if port not in ports and _are_free(port)), None)
    if address is None or port is None:
        raise NoRoom(f"no free address in {subnet} or no free port in {_PORTS.start} to {_PORTS.stop}")
    return Endpoint(address=address, ssh_port=port, exporter_port=port + 1)


def _number(name: str) -> int:
    """lab-07 → 7; a name without a number counts as 0."""
    match = re.search(r"(\d{1,3})$", name)
    return int(match.group(1)) if match else 0


def _from(items: list[T], start: int) -> Iterator[T]:
    start %= len(items)
    return chain(items[start:], items[:start])


def _are_free(port: int) -> bool:
    for candidate in (port, port + 1):
        with socket.socket() as probe:
            # A listener still refuses it, connections that ended a moment ago do not.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                return False
    return True
