"""What a clone is told at its first boot, through guestinfo: its name, its network, and whom it lets in.

Read by cloud-init's VMware data source:
https://docs.cloud-init.io/en/latest/reference/datasources/vmware.html
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

CA_FILE = "/etc/ssh/hcmp_trusted_user_ca.pub"
SSHD_FILE = "/etc/ssh/sshd_config.d/50-hcmp.conf"


@dataclass(frozen=True, slots=True)
class FixedAddress:
    """What a clone is told of its network."""

    address: str
    prefix: int
    gateway: str
    nameservers: Sequence[str]


@dataclass(frozen=True, slots=True)
class FirstBoot:
    """`authorized_key` is the platform's; `trusted_ca_keys` are those of its certificate authority, maybe none."""

    name: str
    user: str
    authorized_key: str
    trusted_ca_keys: Sequence[str] = ()
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
            "ssh_authorized_keys": [self.authorized_key],
        }
        wanted: dict[str, object] = {
            "hostname": self.name,
            "users": [user],
            "ssh_pwauth": False,
            "ssh_deletekeys": True,
        }
        if self.trusted_ca_keys:
            keys = "".join(f"{key}\n" for key in self.trusted_ca_keys)
            wanted["write_files"] = [
                {"path": CA_FILE, "permissions": "0644", "content": keys},
                {"path": SSHD_FILE, "permissions": "0644", "content": f"TrustedUserCAKeys {CA_FILE}\n"},
            ]
            wanted["runcmd"] = [["systemctl", "try-reload-or-restart", "ssh"]]
        return wanted


def _packed(text: str) -> str:
    return b64encode(gzip.compress(text.encode(), mtime=0)).decode()
