"""Fixed addresses for clones: `10.0.0.50-10.0.0.99/24`, of which each clone gets the lowest that nobody has."""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

LARGEST = 65_536
DEFAULT_PREFIX = "24"


class NoAddressLeftError(Exception):
    """Every address of the range is taken."""


@dataclass(frozen=True, slots=True)
class AddressRange:
    """Both ends belong to it."""

    first: ipaddress.IPv4Address
    last: ipaddress.IPv4Address
    prefix: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError, with a reason for whoever wrote it."""
        ends, _, prefix = text.partition("/")
        first, _, last = ends.partition("-")
        network = ipaddress.IPv4Network(f"0.0.0.0/{prefix.strip() or DEFAULT_PREFIX}")
        found = cls(
            first=ipaddress.IPv4Address(first.strip()),
            last=ipaddress.IPv4Address((last or first).strip()),
            prefix=network.prefixlen,
        )
        if not 0 <= int(found.last) - int(found.first) < LARGEST:
            raise ValueError("a range of addresses does not end before it begins, and is no larger than 65,536")
        return found

    def lowest_free(self, taken: Collection[str]) -> str:
        """Raises NoAddressLeftError."""
        for number in range(int(self.first), int(self.last) + 1):
            address = str(ipaddress.IPv4Address(number))
            if address not in taken:
                return address
        raise NoAddressLeftError(f"every address from {self.first} to {self.last} is taken")
