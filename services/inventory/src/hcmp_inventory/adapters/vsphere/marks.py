"""What the platform writes on a virtual machine, as the lab does on a container: whose it is, how it is reached.

It stands in the machine's extra configuration, which a single ESXi host has too, so that the machine can be found
again by whoever has only the server.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from pyVmomi import vim

from hcmp_inventory.ports.hypervisor import Endpoint

MARKS = "hcmp."
Origin = Literal["imported", "cloned"]


@dataclass(frozen=True, slots=True)
class Marks:
    """`origin` says whether the platform made the machine, and so may destroy it; `fixed` is an address that the
    platform gave it.
    """

    installation: str
    origin: Origin
    endpoint: Endpoint
    fixed: str = ""

    @classmethod
    def read(cls, extra: Any) -> Self | None:
        """Of a machine's `config.extraConfig`; None if nobody marked it, or wrote nonsense there."""
        found = {option.key: str(option.value) for option in extra or () if option.key.startswith(MARKS)}
        try:
            return cls(
                installation=found["hcmp.installation"],
                origin="cloned" if found["hcmp.origin"] == "cloned" else "imported",
                endpoint=Endpoint(
                    name=found["hcmp.machine"],
                    ssh_user=found["hcmp.ssh-user"],
                    ssh_port=int(found["hcmp.ssh-port"]),
                    exporter_port=int(found["hcmp.exporter-port"]),
                ),
                fixed=found.get("hcmp.address", ""),
            )
        except (KeyError, ValueError):
            return None

    def options(self) -> list[Any]:
        return options(
            {
                "hcmp.installation": self.installation,
                "hcmp.origin": self.origin,
                "hcmp.machine": self.endpoint.name,
                "hcmp.ssh-user": self.endpoint.ssh_user,
                "hcmp.ssh-port": str(self.endpoint.ssh_port),
                "hcmp.exporter-port": str(self.endpoint.exporter_port),
                "hcmp.address": self.fixed,
            }
        )

    @staticmethod
    def removed() -> list[Any]:
        """An empty value takes an option away."""
        names = ("installation", "origin", "machine", "ssh-user", "ssh-port", "exporter-port", "address")
        return options({f"{MARKS}{name}": "" for name in names})


def options(values: Mapping[str, str]) -> list[Any]:
    return [vim.option.OptionValue(key=key, value=value) for key, value in values.items()]
