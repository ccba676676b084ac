"""The settings that each process is given: its own secrets, and no other's."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from hcmp_cli.installation import Installation, open_home
from hcmp_cli.services import PARTS, _quoted


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    opened = open_home(tmp_path / "a home", free_ports=True)
    list(opened.platform.processes())
    return opened


def settings(installation: Installation, name: str) -> dict[str, str | None]:
    return dotenv_values(installation.home.services / f"{name}.env")


def test_each_part_has_its_own_private_settings(installation: Installation) -> None:
    files = sorted(path.name for path in installation.home.services.iterdir())
    assert files == sorted(f"{part.name}.env" for part in PARTS)
    assert {path.stat().st_mode & 0o777 for path in installation.home.services.iterdir()} == {0o600}


def test_a_part_knows_only_its_services_passwords(installation: Installation) -> None:
    for part in PARTS:
        text = (installation.home.services / f"{part.name}.env").read_text()
        for other in {one.service for one in PARTS} - {part.service}:
            assert installation.credentials.password(f"nats-{other}") not in text
            assert installation.credentials.password(f"postgres-{other}") not in text


def test_only_auth_knows_the_operators_password_and_the_signing_key(installation: Installation) -> None:
    knowing = {part.name for part in PARTS if "HCMP_OPERATOR_PASSWORD" in settings(installation, part.name)}
    signing = {part.name for part in PARTS if "HCMP_SIGNING_KEY_FILE" in settings(installation, part.name)}
    assert knowing == signing == {"auth"}


def test_only_auth_knows_where_the_key_of_the_certificate_authority_is(installation: Installation) -> None:
    name = installation.credentials.ssh_authority().name
    knowing = {path.name for path in installation.home.services.iterdir() if name in path.read_text()}
    assert knowing == {"auth.env"}


def test_a_key_that_opens_machines_is_handed_on_where_an_older_installation_has_one(
    installation: Installation,
) -> None:
    def knowing() -> set[str]:
        list(installation.platform.processes())
        return {part.name for part in PARTS if "HCMP_SSH_KEY_FILE" in settings(installation, part.name)}

    assert knowing() == set(), "none is made any more"
    (installation.home.secrets / "platform_ed25519").write_text("a key of former times")
    assert knowing() == {"inventory", "worker", "terminal"}


def test_only_those_that_open_machines_know_how(installation: Installation) -> None:
    knowing = {part.name for part in PARTS if "HCMP_FERNET_KEYS" in settings(installation, part.name)}
    assert knowing == {"inventory", "worker", "terminal"}


def test_no_lab_is_promised_where_there_is_none(installation: Installation) -> None:
    assert "HCMP_LAB_IMAGE" not in settings(installation, "inventory")


@pytest.mark.parametrize("value", ["plain", "a b", "it's", 'say "x"', "a#b", " #c", "back\\slash", "$HOME", ""])
def test_any_value_survives_its_settings_file(value: str, tmp_path: Path) -> None:
    path = tmp_path / "x.env"
    path.write_text(f"NAME={_quoted(value)}\n")
    assert dotenv_values(path)["NAME"] == value
