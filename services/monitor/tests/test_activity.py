"""What the feed tells of an event."""

import pytest

from hcmp_contracts.catalogue import EVENTS
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.settings import SettingChange, SettingsChanged
from hcmp_contracts.vm import VmRegistered, VmReserved
from hcmp_monitor.domain.activity import TOLD, Actor, actor_of, kind_of, summary_of

SECRETS = ("password", "credential", "host_key", "secret", "token", "digest")


@pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))
def test_somebody_has_decided_what_is_told_of_every_event(event: type[DomainEvent]) -> None:
    assert event in TOLD
    assert set(TOLD[event]) <= set(event.model_fields)


@pytest.mark.parametrize("fields", TOLD.values(), ids=[event.event_type for event in TOLD])
def test_no_field_that_sounds_secret_is_told(fields: tuple[str, ...]) -> None:
    assert not [field for field in fields if any(word in field for word in SECRETS)]


def test_a_machines_credential_and_endpoints_stay_out_of_the_feed() -> None:
    event = VmRegistered(
        name="lab-01",
        address="10.0.0.1",
        ssh_host="127.0.0.1",
        ssh_port=2201,
        ssh_user="hcmp",
        exporter_host="127.0.0.1",
        exporter_port=9100,
        provider="docker",
        provider_ref="c1",
        host_key="ssh-ed25519 AAAA",
        credential="ciphertext",
    )
    assert summary_of(event) == {"name": "lab-01", "address": "10.0.0.1", "provider": "docker"}


def test_a_changed_setting_tells_from_and_to_but_never_the_password() -> None:
    change = SettingChange(name="vcenter_password", before=None, after="***")
    event = SettingsChanged(changes=[change], vcenter_password="ciphertext")
    assert summary_of(event) == {"changes": [{"name": "vcenter_password", "before": None, "after": "***"}]}


def test_the_kind_is_the_stored_name_without_prefix_and_version() -> None:
    assert kind_of(VmReserved(project_id="p", owner_id="o", role="web")) == "vm.reserved"


@pytest.mark.parametrize(
    ("stored", "actor"),
    [
        ("account/7", Actor("account", "7")),
        ("service/provisioner", Actor("service", "provisioner")),
        ("anonymous", Actor("anonymous", "anonymous")),
    ],
)
def test_the_actor_is_an_account_or_a_service(stored: str, actor: Actor) -> None:
    assert actor_of(stored) == actor
