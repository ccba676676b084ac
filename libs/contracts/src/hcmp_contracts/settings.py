"""Facts about the platform's settings. There is one such aggregate, with the id `platform`."""

from typing import ClassVar

from hcmp_contracts.envelope import DomainEvent, Fact

PLATFORM = "platform"
# What vCenter's password is sealed for.
VCENTER_PASSWORD = "vcenter-password"  # noqa: S105 - a purpose's name


class SettingChange(Fact):
    """One setting's values before and after; a secret's stand as `***` when set and None when not."""

    name: str
    before: str | int | bool | None
    after: str | int | bool | None


class SettingsChanged(DomainEvent):
    """`vcenter_password` is Fernet ciphertext, present only when the password changed ("" removes it)."""

    event_type: ClassVar[str] = "hcmp.settings.changed.v1"
    changes: list[SettingChange]
    vcenter_password: str | None = None


class SettingsReencrypted(DomainEvent):
    """The same vCenter password under a newer key: `vcenter_password` is Fernet ciphertext."""

    event_type: ClassVar[str] = "hcmp.settings.reencrypted.v1"
    vcenter_password: str


class MaintenanceEnabled(DomainEvent):
    event_type: ClassVar[str] = "hcmp.settings.maintenance-enabled.v1"
    message: str


class MaintenanceDisabled(DomainEvent):
    event_type: ClassVar[str] = "hcmp.settings.maintenance-disabled.v1"


SettingsEvent = SettingsChanged | SettingsReencrypted | MaintenanceEnabled | MaintenanceDisabled
