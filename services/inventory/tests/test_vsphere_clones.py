"""What a clone is told of itself, and which address it gets."""

import base64
import gzip
import json
from typing import Any

import pytest

from hcmp_inventory.adapters.vsphere.clones import merged
from hcmp_inventory.adapters.vsphere.cloud_init import FirstBoot
from hcmp_inventory.domain.address_range import AddressRange, NoAddressLeftError
from hcmp_inventory.ports.hypervisor import CloneDefaults


def user_data(boot: FirstBoot) -> dict[str, Any]:
    packed = boot.guestinfo()["guestinfo.userdata"]
    header, _, text = gzip.decompress(base64.b64decode(packed)).decode().partition("\n")
    assert header == "#cloud-config"
    told: dict[str, Any] = json.loads(text)
    return told


def test_a_clone_lets_in_by_certificates_for_itself_and_by_nothing_else() -> None:
    told = user_data(FirstBoot("vm-01", "hcmp", ["ssh-ed25519 BBBB now", "ssh-ed25519 CCCC next"]))
    assert {written["path"]: written["content"] for written in told["write_files"]} == {
        "/etc/ssh/hcmp_authorities": "ssh-ed25519 BBBB now\nssh-ed25519 CCCC next\n",
        "/etc/ssh/hcmp_principals/hcmp": "machine/vm-01\n",
        "/etc/ssh/sshd_config.d/hcmp.conf": "TrustedUserCAKeys /etc/ssh/hcmp_authorities\n"
        "AuthorizedPrincipalsFile /etc/ssh/hcmp_principals/%u\n",
    }
    assert "ssh_authorized_keys" not in told["users"][0]
    assert told["ssh_pwauth"] is False


def test_what_people_name_is_data_in_it_and_no_yaml() -> None:
    told = user_data(FirstBoot("vm-01", "hcmp\nlock_passwd: false", ["ssh-ed25519 AAAA"]))
    assert told["users"][0]["name"] == "hcmp\nlock_passwd: false"
    assert told["users"][0]["lock_passwd"] is True


def test_addresses_are_given_from_the_lowest_and_never_twice() -> None:
    addresses = AddressRange.parse("10.0.0.50 - 10.0.0.52/23")
    assert addresses.prefix == 23
    assert addresses.lowest_free(()) == "10.0.0.50"
    assert addresses.lowest_free({"10.0.0.50", "10.0.0.52"}) == "10.0.0.51"
    with pytest.raises(NoAddressLeftError):
        addresses.lowest_free({"10.0.0.50", "10.0.0.51", "10.0.0.52"})
    assert AddressRange.parse("10.0.0.7").lowest_free(()) == "10.0.0.7"


@pytest.mark.parametrize(
    "text", ["", "nonsense", "10.0.0.9-10.0.0.1", "10.0.0.1-10.0.0.9/33", "10.0.0.0-10.2.0.0/8"]
)
def test_a_range_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        AddressRange.parse(text)


def test_what_is_not_asked_for_follows_the_settings() -> None:
    settings = CloneDefaults(template="debian", folder="team", ssh_user="hcmp")
    assert merged(CloneDefaults(folder="web"), settings) == CloneDefaults("debian", "web", ssh_user="hcmp")
