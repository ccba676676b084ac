"""Connecting to vCenter: whatever is wrong is said in a sentence, in bounded time, and nothing is guessed."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hcmp_inventory.adapters.addresses import CheckedAddresses
from hcmp_inventory.adapters.vsphere.connections import Connections
from hcmp_inventory.ports.hypervisor import Filter, VcenterAccess, VcenterError
from hcmp_testkit.ports import free_port
from hcmp_testkit.proxy import Proxy
from hcmp_testkit.vcenter import Certificate, SimulatedVcenter, simulated_vcenter

NO_PERMISSION = (
    '<NoPermissionFault xmlns="urn:vim25" xsi:type="NoPermission"><object type="Folder">group-d1</object>'
    "<privilegeId>System.View</privilegeId></NoPermissionFault>"
)
BUSY = '<InvalidStateFault xmlns="urn:vim25" xsi:type="InvalidState"/>'


async def refusal(platform: Any, access: VcenterAccess) -> tuple[str, str]:
    with pytest.raises(VcenterError) as refused:
        await platform.provider.test(access)
    return refused.value.slug, str(refused.value)


async def test_a_server_that_is_right_says_its_name_and_version(platform: Any, access: VcenterAccess) -> None:
    server = await platform.provider.test(access)
    assert (server.name, server.version) == ("VMware vCenter Server", "6.5.0")


@pytest.mark.parametrize(
    ("changes", "slug", "sentence"),
    [
        ({"password": "wrong"}, "vcenter-login", "wrong user name or password"),
        ({"username": "nobody"}, "vcenter-login", "nobody is not let in"),
        ({"datacenter": "Elsewhere"}, "vcenter-datacenter-missing", "There are: DC0"),
        ({"host": "there-is-no-such-name.invalid"}, "vcenter-name-not-found", "cannot be resolved"),
        ({"host": "169.254.169.254"}, "vcenter-address-refused", "link-local"),
        ({"ca_pem": ""}, "vcenter-certificate", "not trusted"),
        ({"ca_pem": "nonsense"}, "vcenter-setting-invalid", "no PEM certificate"),
        ({"fingerprint": "ab" * 32}, "vcenter-certificate", "pinned is another one"),
    ],
)
async def test_each_mistake_has_its_sentence(
    platform: Any, access: VcenterAccess, changes: dict[str, str], slug: str, sentence: str
) -> None:
    told = await refusal(platform, replace(access, **changes))  # type: ignore[arg-type]
    assert told[0] == slug
    assert sentence in told[1]
    assert access.password not in told[1]


async def test_a_port_without_a_server_and_one_of_something_else(platform: Any, access: VcenterAccess) -> None:
    assert (await refusal(platform, replace(access, port=free_port())))[0] == "vcenter-refused"

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-nothing\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        assert (await refusal(platform, replace(access, port=port)))[0] in (
            "vcenter-certificate",
            "vcenter-unreachable",
        )


async def test_a_permission_that_is_missing_is_named(
    platform: Any, access: VcenterAccess, vcenter: SimulatedVcenter
) -> None:
    await vcenter.fail("CreateContainerView", NO_PERMISSION)
    slug, sentence = await refusal(platform, access)
    assert slug == "vcenter-permission"
    assert "System.View" in sentence


async def test_a_pinned_certificate_needs_no_authority(platform: Any, access: VcenterAccess) -> None:
    fingerprint = access_fingerprint(access)
    pairs = ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    for pinned in (fingerprint, pairs):
        await platform.provider.test(replace(access, ca_pem="", fingerprint=pinned, host="localhost"))


def access_fingerprint(access: VcenterAccess) -> str:
    return Certificate(access.ca_pem, Path(), Path()).fingerprint


@pytest.mark.parametrize("pinned", [False, True])
async def test_a_certificate_that_changed_is_refused_before_the_password_is_sent(
    make_platform: Callable[..., Any],
    access_to: Callable[..., VcenterAccess],
    certificate: Certificate,
    tmp_path: Path,
    pinned: bool,
) -> None:
    port = free_port()
    async with simulated_vcenter(certificate, port=port) as before:
        changes = {"ca_pem": "", "fingerprint": certificate.fingerprint} if pinned else {}
        platform = make_platform(access_to(before, **changes))
        assert await platform.provider.browse("machines", Filter())
    async with simulated_vcenter(Certificate.made_in(tmp_path / "other"), port=port) as after:
        with pytest.raises(VcenterError) as refused:
            await platform.provider.browse("machines", Filter())
        assert refused.value.slug in ("vcenter-certificate", "vcenter-unreachable")
        with pytest.raises(VcenterError) as again:
            await platform.provider.browse("machines", Filter())
        assert again.value.slug == "vcenter-certificate"
        assert await asyncio.to_thread(after.end_sessions) == 0


async def test_a_session_that_ended_is_begun_again_once(platform: Any, vcenter: SimulatedVcenter) -> None:
    before = await platform.provider.browse("machines", Filter())
    assert await asyncio.to_thread(vcenter.end_sessions) == 1
    assert await platform.provider.browse("machines", Filter()) == before
    ended = '<NotAuthenticatedFault xmlns="urn:vim25" xsi:type="NotAuthenticated"/>'
    await vcenter.fail("CreateContainerView", ended)
    with pytest.raises(VcenterError, match="ends every session"):
        await platform.provider.browse("machines", Filter())


async def test_a_fault_in_the_middle_of_a_list_is_an_error_and_no_shorter_list(
    platform: Any, vcenter: SimulatedVcenter
) -> None:
    for method in ("RetrievePropertiesEx", "CreateContainerView"):
        for skipped in range(3):
            await vcenter.fail(method, BUSY, skip=skipped, times=1)
            with pytest.raises(VcenterError) as broken:
                await platform.provider.browse("machines", Filter())
            assert (broken.value.slug, "InvalidState" in str(broken.value)) == ("vcenter-fault", True)
    assert len(await platform.provider.browse("machines", Filter())) == 4


async def test_a_connection_that_breaks_in_the_middle_of_a_list_is_an_error_and_the_next_list_is_whole(
    make_platform: Callable[..., Any], access_to: Callable[..., VcenterAccess], vcenter: SimulatedVcenter
) -> None:
    async with Proxy(vcenter.port) as link:
        platform = make_platform(access_to(vcenter, port=link.port))
        assert len(await platform.provider.browse("machines", Filter())) == 4
        link.delay = 0.05
        listing = asyncio.create_task(platform.provider.browse("machines", Filter()))
        await asyncio.sleep(0.3)
        link.reset()
        with pytest.raises(VcenterError):
            await listing
        link.delay = 0
        assert len(await platform.provider.browse("machines", Filter())) == 4


async def test_a_link_that_swallows_everything_costs_bounded_time_and_no_thread(
    make_platform: Callable[..., Any], access_to: Callable[..., VcenterAccess], vcenter: SimulatedVcenter
) -> None:
    async with Proxy(vcenter.port) as link:
        platform = make_platform(access_to(vcenter, port=link.port), call_seconds=0.5)
        await platform.provider.browse("tags", Filter())
        link.black_hole()
        asked = (platform.provider.browse("machines", Filter()) for _ in range(40))
        for refused in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(refused, VcenterError)
            assert refused.slug in ("vcenter-timeout", "vcenter-unreachable")
        link.restore()
        link.reset()
        async with asyncio.timeout(10):
            while True:
                try:
                    assert len(await platform.provider.browse("machines", Filter())) == 4
                except VcenterError:
                    await asyncio.sleep(0.1)
                else:
                    break


async def test_a_server_that_accepts_and_says_nothing_is_given_up(platform: Any, access: VcenterAccess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        platform.connections._connect_seconds = 0.2
        slug, _ = await refusal(platform, replace(access, port=silent.getsockname()[1]))
    assert slug == "vcenter-timeout"


async def test_a_changed_setting_holds_for_the_next_call(
    platform: Any, access: VcenterAccess, certificate: Certificate, access_to: Callable[..., VcenterAccess]
) -> None:
    assert len(await platform.provider.browse("machines", Filter())) == 4
    async with simulated_vcenter(certificate, options={"machines": 1}) as other:
        platform.access = access_to(other)
        assert len(await platform.provider.browse("machines", Filter())) == 1
    platform.access = None
    with pytest.raises(VcenterError) as nowhere:
        await platform.provider.browse("machines", Filter())
    assert nowhere.value.slug == "vcenter-not-configured"
    assert await platform.provider.discover() == []
    platform.access = access
    assert len(await platform.provider.browse("machines", Filter())) == 4


async def test_a_name_that_is_rebound_after_the_check_is_not_followed(
    platform: Any, access: VcenterAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name leads to an allowed address when it is checked, and to a metadata service ever after."""
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo
    asked: list[str] = []

    async def rebound(host: str, *arguments: Any, **named: Any) -> Any:
        if host != "vcenter.test":
            return await resolve(host, *arguments, **named)
        asked.append(host)
        return await resolve("127.0.0.1" if len(asked) == 1 else "169.254.169.254", *arguments, **named)

    def resolved_below(host: str, *arguments: Any, **named: Any) -> Any:
        assert host != "vcenter.test", "the name was resolved once more, past the check"
        return plain(host, *arguments, **named)

    plain = socket.getaddrinfo
    monkeypatch.setattr(loop, "getaddrinfo", rebound)
    monkeypatch.setattr(socket, "getaddrinfo", resolved_below)
    platform.access = replace(access, host="vcenter.test")
    assert len(await platform.provider.browse("machines", Filter())) == 4
    await platform.provider.browse("tags", Filter())
    assert asked == ["vcenter.test"]
    slug, sentence = await refusal(platform, platform.access)
    assert (slug, "link-local" in sentence) == ("vcenter-address-refused", True)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "::1",
        "0.0.0.0",
        "169.254.169.254",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "2130706433",
    ],
)
async def test_outside_of_the_lab_no_vcenter_is_looked_for_on_this_computer_or_where_secrets_are(
    access: VcenterAccess, host: str
) -> None:
    async def configured() -> VcenterAccess:
        return replace(access, host=host)

    connections = Connections(configured, CheckedAddresses(allow_loopback=False))
    with pytest.raises(VcenterError) as refused:
        await connections.session()
    assert refused.value.slug == "vcenter-address-refused"
    await connections.close()
