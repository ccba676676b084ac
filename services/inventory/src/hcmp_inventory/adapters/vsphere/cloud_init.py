"""What a clone is told at its first boot, through guestinfo: its name, its network, and whom it lets in.

Read by cloud-init's VMware data source:
https://docs.cloud-init.io/en/latest/reference/datasources/vmware.html
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from hcmp_contracts.ssh_certificate import principal_of

AUTHORITIES = "/etc/ssh/hcmp_authorities"
PRINCIPALS = "/etc/ssh/hcmp_principals"
SSHD_FILE = "/etc/ssh/sshd_config.d/hcmp.conf"
SSHD = f"TrustedUserCAKeys {AUTHORITIES}\nAuthorizedPrincipalsFile {PRINCIPALS}/%u\n"


@dataclass(frozen=True, slots=True)
class FixedAddress:
    """What a clone is told of its network."""

    address: str
    prefix: int
    gateway: str
    nameservers: Sequence[str]


@dataclass(frozen=True, slots=True)
class FirstBoot:
    """It lets in whoever has a certificate for it by one of these authorities, as this user, and nobody else."""

    name: str
    user: str
    authorities: Sequence[str]
    network: FixedAddress | None = None

    def guestinfo(self) -> dict[str, str]:
        """The options of the machine's extra configuration."""
        return {
            "guestinfo.metadata": _packed(json.dumps(self._metadata())),
            "guestinfo.metadata.encoding": "gzip+base64",
            "guestinfo.userdata": _packed("#cloud-config\n" + json.dumps(self._user_data())),
            "guestinfo.userdata.encoding": "gzip+base64",
        }

    def _metadata(self) -> dict[str, object]:
        return {"instance-id": self.name, "local-hostname": self.name, "network": self._network()}

    def _network(self) -> dict[str, object]:
        card: dict[str, object] = {"match": {"name": "e*"}}
        if self.network is None:
            card["dhcp4"] = True
            # Clones share the template's machine id, and would share its lease with it.
            card["dhcp-identifier"] = "mac"
        else:
            card["addresses"] = [f"{self.network.address}/{self.network.prefix}"]
            card["nameservers"] = {"addresses": list(self.network.nameservers)}
            if self.network.gateway:
                card["routes"] = [{"to": "0.0.0.0/0", "via": self.network.gateway}]
        return {"version": 2, "ethernets": {"primary": card}}

    def _user_data(self) -> dict[str, object]:
        user = {
            "name": self.user,
            "shell": "/bin/bash",
            "lock_passwd": True,
            "sudo": "ALL=(ALL) NOPASSWD:ALL",
        }
        files = {
            AUTHORITIES: "".join(f"{key}\n" for key in self.authorities),
            f"{PRINCIPALS}/{self.user}": f"{principal_of(self.name)}\n",
            SSHD_FILE: SSHD,
        }
        return {
            "hostname": self.name,
            "users": [user],
            "ssh_pwauth": False,
            "ssh_deletekeys": True,
            "write_files": [
                {"path": path, "permissions": "0644", "content": content} for path, content in files.items()
            ],
            "runcmd": [["systemctl", "try-reload-or-restart", "ssh"]],
        }


def _packed(text: str) -> str:
    return b64encode(gzip.compress(text.encode(), mtime=0)).decode()
