"""An installation of before the broker had accounts keeps its log."""

from collections.abc import Awaitable, Callable

from nats.aio.client import Client

from hcmp_cli.installation import Installation


async def test_the_log_of_a_broker_without_accounts_is_kept(
    upgraded: Installation, login: Callable[[str, Installation], Awaitable[Client]]
) -> None:
    client = await login("inventory", upgraded)
    assert (await client.jetstream().get_msg("EVENTS", 1)).data == b"kept"
