"""Secrets of the log under a new key and in their present form: whenever the rewriting is killed, all stay
readable, and it goes on.
"""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from hcmp_contracts.allocation import AllocationGranted, AllocationReleased, GrantedMachine
from hcmp_contracts.settings import PLATFORM, SettingChange, SettingsChanged
from hcmp_contracts.vm import VM_CREDENTIAL, VmCredentialReencrypted, VmRegistered, VmRetired
from hcmp_eventstore.decider import load
from hcmp_eventstore.reader import read_batches
from hcmp_eventstore.recorded import read_recorded
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import EVENTS
from hcmp_inventory.domain import settings, vm
from hcmp_inventory.domain.vm_situations import Retired, Unknown
from hcmp_inventory.handlers.settings import VCENTER
from hcmp_testkit.history import happened
from hcmp_testkit.nats import PASSWORD, USER, NatsServer
from hcmp_webkit.vault import Binding, Vault, WrongBindingError, key_id

from .conftest import Running

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
BOTH = f"{NEW},{OLD}"
MACHINES = 60
PROJECT = "0193a000-0000-7000-8000-0000000000aa"
REENCRYPTED = "hcmp.vm.*.credential-reencrypted"


def bare(secret: str) -> str:
    """As secrets were stored before they were bound to their rows."""
    return Fernet(OLD).encrypt(secret.encode()).decode()


def of_machine(vm_id: str) -> Binding:
    return Binding(VM_CREDENTIAL, vm_id)


def registered(number: int) -> VmRegistered:
    """Every second machine is older than the present form of secrets."""
    name = f"machine-{number:03}"
    secret = f"secret of {name}"
    return VmRegistered(
        name=name,
        address=f"10.0.0.{number}",
        ssh_host=f"10.0.0.{number}",
        ssh_port=22,
        ssh_user="hcmp",
        exporter_host=f"10.0.0.{number}",
        exporter_port=9100,
        provider="static",
        provider_ref=name,
        host_key="ssh-ed25519 KEY",
        credential=bare(secret) if number % 2 else Vault(OLD).seal(secret, of_machine(name)),
    )


def granted() -> AllocationGranted:
    facts = registered(0).model_dump(include=set(GrantedMachine.model_fields))
    return AllocationGranted(
        owner_id="mina", attempt=1, machines=[GrantedMachine(vm_id="machine-000", role="web", **facts)]
    )


@pytest.fixture
async def old_secrets(event_store: EventStore) -> None:
    """Machines, one of them retired since, a project's machine and vCenter's password: all under the old key."""
    for number in range(MACHINES):
        await happened(event_store, f"machine-{number:03}", registered(number))
    await happened(event_store, "machine-retired", registered(250), VmRetired(reason="sold"))
    change = SettingChange(name="vcenter_password", before=None, after="***")
    await happened(
        event_store, PLATFORM, SettingsChanged(changes=[change], vcenter_password=bare("vcenter's secret"))
    )
    await happened(event_store, PROJECT, granted())


def started(task: str, nats: NatsServer, keys: str, folder: Path) -> subprocess.Popen[str]:
    """`python -m hcmp_inventory.keys` as `hcmp keys rotate` starts it."""
    lines = {
        "HCMP_PORT": "0",
        "HCMP_NATS_URL": nats.url,
        "HCMP_NATS_USER": USER,
        "HCMP_NATS_PASSWORD": PASSWORD,
        "HCMP_DATABASE_URL": "postgresql://unused",
        "HCMP_PUBLIC_URL": "http://hcmp.test",
        "HCMP_FERNET_KEYS": keys,
    }
    file = folder / "keys.env"
    file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HCMP_")}
    return subprocess.Popen(
        [sys.executable, "-m", "hcmp_inventory.keys", task],
        env=environment | {"HCMP_ENV_FILE": str(file)},
        stdout=subprocess.PIPE,
        text=True,
    )


def answered(process: subprocess.Popen[str]) -> dict[str, Any]:
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return dict(json.loads(told))


async def reencryptions(store: EventStore) -> AsyncGenerator[str]:
    """The machines whose credential was encrypted anew, as it happens."""
    batches = read_batches(store.client, stream=EVENTS, subjects=[REENCRYPTED], after=0)
    async with aclosing(batches):
        async for batch in batches:
            for message in batch:
                yield read_recorded(*message).aggregate_id


async def secrets(store: EventStore, keys: str) -> dict[str, str]:
    """Every secret in use, in clear."""
    vault = Vault(keys)
    found: dict[str, str] = {}
    for number in range(MACHINES):
        vm_id = f"machine-{number:03}"
        state = (await load(store, vm.DECIDER, vm_id)).state
        assert not isinstance(state, Unknown | Retired)
        assert state.machine.credential is not None
        found[vm_id] = vault.open(state.machine.credential, of_machine(vm_id))
    platform = (await load(store, settings.DECIDER, PLATFORM)).state
    return found | {"settings": vault.open(platform.vcenter_password, VCENTER)}


EXPECTED = {f"machine-{number:03}": f"secret of machine-{number:03}" for number in range(MACHINES)} | {
    "settings": "vcenter's secret"
}


@pytest.mark.usefixtures("old_secrets")
async def test_a_rotation_that_is_killed_half_way_leaves_every_secret_readable_and_is_completed_by_the_next(
    event_store: EventStore,
    nats_server: NatsServer,
    tmp_path: Path,
    running: Running,
) -> None:
    rotating = started("reencrypt", nats_server, BOTH, tmp_path)
    async with aclosing(reencryptions(event_store)) as seen:
        for _ in range(3):
            await anext(seen)
        rotating.send_signal(signal.SIGKILL)
        rotating.communicate()
    assert rotating.returncode == -signal.SIGKILL

    assert await secrets(event_store, BOTH) == EXPECTED
    left = answered(started("status", nats_server, BOTH, tmp_path))
    assert 0 < len(left["machines"]) < MACHINES
    assert left["settings"], "it comes last"

    completed = answered(started("reencrypt", nats_server, BOTH, tmp_path))
    # What a run was granted is in its job, which stays as it is until the project is over.
    assert completed == {"machines": [], "projects": [PROJECT], "settings": False, "unreadable": []}
    assert await secrets(event_store, NEW) == EXPECTED
    rewritten: Counter[str] = Counter()
    async with aclosing(reencryptions(event_store)) as seen:
        while len(rewritten) < MACHINES:
            rewritten[await anext(seen)] += 1
    assert set(rewritten.values()) == {1}, "a secret that was rewritten before the kill is left alone after it"

    await happened(event_store, PROJECT, AllocationReleased(reason="deleted"))
    assert not answered(started("reencrypt", nats_server, BOTH, tmp_path))["projects"]
    async with running() as app, app.state.parts.pool.connection() as connection:
        rows = await (
            await connection.execute("SELECT vm_id, credential FROM vm WHERE status <> 'retired'")
        ).fetchall()
    assert {row["vm_id"]: Vault(NEW).open(row["credential"], of_machine(row["vm_id"])) for row in rows} == {
        name: secret for name, secret in EXPECTED.items() if name != "settings"
    }
    assert all(row["credential"].startswith(f"{key_id(NEW)}.") for row in rows), "none is in the former form"
    with pytest.raises(WrongBindingError):
        Vault(NEW).open(rows[0]["credential"], of_machine(rows[1]["vm_id"]))


async def test_what_no_key_opens_or_belongs_elsewhere_is_named_and_left_as_it_is(
    event_store: EventStore, nats_server: NatsServer, tmp_path: Path
) -> None:
    foreign = Vault(NEW).seal("another's", of_machine("machine-000"))
    await happened(event_store, "machine-000", registered(0))
    await happened(event_store, "machine-001", registered(1).model_copy(update={"credential": foreign}))
    told = answered(started("reencrypt", nats_server, NEW, tmp_path))
    unreadable = ["machine-000", "machine-001"]
    assert told == {"machines": [], "projects": [], "settings": False, "unreadable": unreadable}
    for vm_id in unreadable:
        history = await event_store.load("vm", vm_id)
        assert not any(isinstance(recorded.event, VmCredentialReencrypted) for recorded in history)
