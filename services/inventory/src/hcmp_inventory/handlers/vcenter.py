"""How the platform reaches vCenter, as the settings say it now."""

from dataclasses import dataclass, replace

from hcmp_contracts.cause import Cause
from hcmp_inventory.domain.settings import Change, Settings
from hcmp_inventory.handlers.settings import VCENTER, PlatformSettings
from hcmp_inventory.ports.hypervisor import UNNAMED, CloneDefaults, Server, Vcenter, VcenterAccess, VcenterError
from hcmp_webkit.vault import UnreadableSecretError, Vault

PORT = "443"
SSH_USER = "hcmp"
# A stored password goes only to the server that it was stored for, as it proves itself.
BOUND = ("vcenter_host", "esxi_host", "vcenter_port", "vcenter_username", "vcenter_ca_pem", "vcenter_fingerprint")


@dataclass(frozen=True)
class VcenterSettings:
    settings: PlatformSettings
    vault: Vault

    async def access(self) -> VcenterAccess | None:
        """None as long as no server is named. Raises VcenterError when the password cannot be read any more."""
        stored = (await self.settings.read()).settings
        if not _host(stored):
            return None
        return _access(stored, self._password(stored))

    async def test(self, vcenter: Vcenter, change: Change) -> Server:
        """Try the settings as they would be after this change, which is not made. Raises VcenterError."""
        stored = (await self.settings.read()).settings
        changed = replace(stored, texts={**stored.texts, **change.texts})
        if not _host(changed):
            raise VcenterError("vcenter-not-configured", "No vCenter and no ESXi host is named.", UNNAMED)
        if change.vcenter_password is not None:
            return await vcenter.test(_access(changed, change.vcenter_password))
        if any(changed.texts[name] != stored.texts[name] for name in BOUND):
            raise VcenterError(
                "vcenter-password-needed",
                "The stored password goes to no other server: give the password too.",
                Cause.of("password-bound"),
            )
        return await vcenter.test(_access(changed, self._password(stored)))

    def _password(self, stored: Settings) -> str:
        try:
            return self.vault.open(stored.vcenter_password, VCENTER) if stored.vcenter_password else ""
        except UnreadableSecretError as unreadable:
            raise VcenterError(
                "vcenter-password-needed",
                f"The stored password cannot be read, {unreadable}: give it again.",
                Cause.of("password-unreadable"),
            ) from unreadable


def _host(stored: Settings) -> str:
    return stored.texts["vcenter_host"] or stored.texts["esxi_host"]


def _access(stored: Settings, password: str) -> VcenterAccess:
    texts = stored.texts
    return VcenterAccess(
        host=_host(stored),
        port=int(texts["vcenter_port"] or PORT),
        username=texts["vcenter_username"],
        password=password,
        datacenter=texts["vcenter_datacenter"],
        ca_pem=texts["vcenter_ca_pem"],
        fingerprint=texts["vcenter_fingerprint"],
        defaults=CloneDefaults(
            template=texts["vcenter_template"],
            folder=texts["vcenter_folder"],
            datastore=texts["vcenter_datastore"],
            network=texts["vcenter_network"],
            resource_pool=texts["vcenter_resource_pool"],
            host=texts["esxi_host"] if texts["vcenter_host"] else "",
            ssh_user=texts["vcenter_ssh_user"] or SSH_USER,
            customization=texts["vcenter_customization"],
            address_range=texts["vcenter_address_range"],
            gateway=texts["vcenter_gateway"],
            nameservers=texts["vcenter_nameservers"],
        ),
    )
