"""The platform's settings: every change is a fact with its before and after, and secrets are blanked in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from hcmp_contracts.settings import (
    MaintenanceDisabled,
    MaintenanceEnabled,
    SettingChange,
    SettingsChanged,
    SettingsEvent,
    SettingsReencrypted,
)
from hcmp_eventstore.decider import Decider

TEXTS = (
    "vcenter_host",
    "vcenter_username",
    "vcenter_datacenter",
    "esxi_host",
    "vcenter_port",
    "vcenter_ca_pem",
    "vcenter_fingerprint",
    "vcenter_template",
    "vcenter_folder",
    "vcenter_datastore",
    "vcenter_network",
    "vcenter_resource_pool",
    "vcenter_customization",
    "vcenter_address_range",
    "vcenter_gateway",
    "vcenter_nameservers",
    "vcenter_ssh_user",
    "prometheus_url",
    "maintenance_message",
)
PASSWORD = "vcenter_password"  # noqa: S105 - a setting's name
BLANKED = "***"
# Which server the password goes to.
SERVER = ("vcenter_host", "vcenter_port", "esxi_host")


@dataclass(frozen=True, slots=True)
class Change:
    """New values; what is absent stays. `vcenter_password` is ciphertext, "" removes it."""

    texts: Mapping[str, str] = field(default_factory=dict)
    vcenter_password: str | None = None
    maintenance_mode: bool | None = None


@dataclass(frozen=True, slots=True)
class ReplaceCiphertext:
    """Keep the same password under another key: both are ciphertext of the same secret."""

    former: str
    vcenter_password: str


SettingsCommand = Change | ReplaceCiphertext


@dataclass(frozen=True, slots=True)
class Settings:
    texts: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(TEXTS, ""))
    vcenter_password: str = ""
    maintenance_mode: bool = False

    @property
    def maintenance_message(self) -> str:
        return self.texts["maintenance_message"]


def decide(command: SettingsCommand, settings: Settings) -> list[SettingsEvent]:
    match command:
        case Change():
            return _change(command, settings)
        case ReplaceCiphertext():
            if settings.vcenter_password != command.former:
                return []  # it was changed meanwhile, and encrypted with the newest key
            return [SettingsReencrypted(vcenter_password=command.vcenter_password)]
        case _:
            assert_never(command)


def _change(command: Change, settings: Settings) -> list[SettingsEvent]:
    if command.vcenter_password is None and settings.vcenter_password and moves(command, settings):
        command = replace(command, vcenter_password="")
    events: list[SettingsEvent] = []
    changes = _changes(command, settings)
    if changes:
        events.append(SettingsChanged(changes=changes, vcenter_password=command.vcenter_password))
    return events + _maintenance(command, settings)


def moves(command: Change, settings: Settings) -> bool:
    """Whether another server is named than the one before: a password goes to no other than it was given for."""
    named = any(settings.texts[name] for name in SERVER)
    return named and any(command.texts.get(name, settings.texts[name]) != settings.texts[name] for name in SERVER)


def _changes(command: Change, settings: Settings) -> list[SettingChange]:
    changes = [
        SettingChange(name=name, before=settings.texts[name], after=after)
        for name, after in command.texts.items()
        if after != settings.texts[name]
    ]
    password = command.vcenter_password
    if password is not None and password != settings.vcenter_password:
        blanked = [BLANKED if value else None for value in (settings.vcenter_password, password)]
        changes.append(SettingChange(name=PASSWORD, before=blanked[0], after=blanked[1]))
    return changes


def _maintenance(command: Change, settings: Settings) -> list[SettingsEvent]:
    mode = settings.maintenance_mode if command.maintenance_mode is None else command.maintenance_mode
    message = command.texts.get("maintenance_message", settings.maintenance_message)
    if mode and not (settings.maintenance_mode and message == settings.maintenance_message):
        return [MaintenanceEnabled(message=message)]
    if settings.maintenance_mode and not mode:
        return [MaintenanceDisabled()]
    return []


def evolve(settings: Settings, event: SettingsEvent) -> Settings:
    match event:
        case SettingsChanged():
            texts = {change.name: str(change.after) for change in event.changes if change.name in TEXTS}
            password = settings.vcenter_password if event.vcenter_password is None else event.vcenter_password
            return replace(settings, texts={**settings.texts, **texts}, vcenter_password=password)
        case SettingsReencrypted():
            return replace(settings, vcenter_password=event.vcenter_password)
        case MaintenanceEnabled():
            texts = {**settings.texts, "maintenance_message": event.message}
            return replace(settings, texts=texts, maintenance_mode=True)
        case MaintenanceDisabled():
            return replace(settings, maintenance_mode=False)
        case _:
            assert_never(event)


DECIDER: Decider[SettingsCommand, Settings, SettingsEvent] = Decider(
    aggregate="settings", initial=Settings(), decide=decide, evolve=evolve
)
