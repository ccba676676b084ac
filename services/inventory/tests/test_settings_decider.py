"""Settings change by facts that say from what to what, and never say a secret."""

from hcmp_contracts.settings import (
    MaintenanceDisabled,
    MaintenanceEnabled,
    SettingChange,
    SettingsChanged,
    SettingsReencrypted,
)
from hcmp_inventory.domain.settings import DECIDER, Change, ReplaceCiphertext
from hcmp_testkit.scenario import scenario

HOST_SET = SettingsChanged(
    changes=[SettingChange(name="vcenter_host", before="", after="vc.example.org")], vcenter_password=None
)
PASSWORD_SET = SettingsChanged(
    changes=[SettingChange(name="vcenter_password", before=None, after="***")], vcenter_password="sealed"
)
ENABLED = MaintenanceEnabled(message="Back at noon")


def test_a_change_says_before_and_after() -> None:
    change = Change(texts={"vcenter_host": "vc.example.org", "esxi_host": ""})
    scenario(DECIDER).given().when(change).then(HOST_SET)
    scenario(DECIDER).given(HOST_SET).when(change).then_nothing()


def test_a_password_is_blanked_in_what_changed() -> None:
    scenario(DECIDER).given().when(Change(vcenter_password="sealed")).then(PASSWORD_SET)
    replaced = SettingsChanged(
        changes=[SettingChange(name="vcenter_password", before="***", after="***")], vcenter_password="sealed anew"
    )
    scenario(DECIDER).given(PASSWORD_SET).when(Change(vcenter_password="sealed anew")).then(replaced)
    removed = SettingsChanged(
        changes=[SettingChange(name="vcenter_password", before="***", after=None)], vcenter_password=""
    )
    scenario(DECIDER).given(PASSWORD_SET).when(Change(vcenter_password="")).then(removed)
    scenario(DECIDER).given().when(Change(vcenter_password="")).then_nothing()


def test_maintenance_begins_with_its_message_and_ends() -> None:
    message = SettingsChanged(
        changes=[SettingChange(name="maintenance_message", before="", after="Back at noon")], vcenter_password=None
    )
    begin = Change(texts={"maintenance_message": "Back at noon"}, maintenance_mode=True)
    scenario(DECIDER).given().when(begin).then(message, ENABLED)
    scenario(DECIDER).given(message, ENABLED).when(begin).then_nothing()
    scenario(DECIDER).given(message, ENABLED).when(Change(maintenance_mode=False)).then(MaintenanceDisabled())
    scenario(DECIDER).given().when(Change(maintenance_mode=False)).then_nothing()


def test_another_message_during_maintenance_is_told() -> None:
    later = MaintenanceEnabled(message="Back at one")
    changed = SettingsChanged(
        changes=[SettingChange(name="maintenance_message", before="Back at noon", after="Back at one")],
        vcenter_password=None,
    )
    change = Change(texts={"maintenance_message": "Back at one"})
    scenario(DECIDER).given(ENABLED).when(change).then(changed, later)


def test_a_change_of_another_setting_leaves_the_password_out() -> None:
    given = scenario(DECIDER).given(PASSWORD_SET)
    given.when(Change(texts={"vcenter_host": "vc.example.org"})).then(HOST_SET)


def test_a_password_goes_to_no_other_server_than_it_was_given_for() -> None:
    moved = SettingChange(name="vcenter_host", before="vc.example.org", after="evil.example")
    removed = SettingsChanged(
        changes=[moved, SettingChange(name="vcenter_password", before="***", after=None)], vcenter_password=""
    )
    replaced = SettingsChanged(
        changes=[moved, SettingChange(name="vcenter_password", before="***", after="***")], vcenter_password="new"
    )
    given = scenario(DECIDER).given(HOST_SET, PASSWORD_SET)
    elsewhere = {"vcenter_host": "evil.example"}
    given.when(Change(texts=elsewhere)).then(removed)
    given.when(Change(texts=elsewhere, vcenter_password="new")).then(replaced)


def test_a_password_is_kept_under_another_key_unless_it_was_changed_meanwhile() -> None:
    command = ReplaceCiphertext(former="sealed", vcenter_password="sealed anew")
    renewed = SettingsReencrypted(vcenter_password="sealed anew")
    scenario(DECIDER).given(PASSWORD_SET).when(command).then(renewed)
    scenario(DECIDER).given(PASSWORD_SET, renewed).when(command).then_nothing()
