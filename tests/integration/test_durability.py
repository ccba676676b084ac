"""A broker that acknowledges what it has not written to disk is refused, by the set-up and by every process."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from hcmp_archive.main import build as build_archive
from hcmp_eventstore.durability import NotDurableError, require_sync_always
from hcmp_monitor.main import build as build_monitor
from hcmp_monitor.settings import MonitorSettings
from hcmp_testkit.nats import PASSWORD, USER, NatsServer, single_server


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """It syncs every two minutes, as the default is."""
    server = replace(single_server(tmp_path_factory.mktemp("hasty")), sync_interval='"2m"')
    server.start()
    yield server
    server.kill()


async def test_a_broker_that_syncs_always_is_taken(nats_server: NatsServer) -> None:
    await require_sync_always(nats_server.monitoring_url)


async def test_one_hasty_server_of_several_is_found(nats_server: NatsServer, hasty: NatsServer) -> None:
    with pytest.raises(NotDurableError, match=f"{hasty.monitoring_url} acknowledges before it syncs"):
        await require_sync_always(f"{nats_server.monitoring_url}, {hasty.monitoring_url}")


@pytest.mark.parametrize("build", [build_monitor, build_archive])
async def test_a_service_does_not_serve_on_it(
    build: Callable[[MonitorSettings], FastAPI], hasty: NatsServer
) -> None:
    settings = MonitorSettings(
        port=0,
        nats_url=hasty.url,
        nats_user=USER,
        nats_password=SecretStr(PASSWORD),
        nats_monitoring_url=hasty.monitoring_url,
        database_url=SecretStr("postgresql://nowhere"),
        public_url="http://hcmp.test",
    )
    app = build(settings)
    with pytest.raises(NotDurableError):
        async with app.router.lifespan_context(app):
            await asyncio.sleep(0)


def test_the_set_up_says_so_in_one_sentence(hasty: NatsServer, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hcmp_eventstore.setup"],
        env=os.environ
        | {
            "HCMP_NATS_URL": hasty.url,
            "HCMP_NATS_USER": USER,
            "HCMP_NATS_PASSWORD": PASSWORD,
            "HCMP_NATS_MONITORING_URL": hasty.monitoring_url,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith("acknowledges before it syncs: set `sync_interval: always`")
    assert "Traceback" not in done.stderr
