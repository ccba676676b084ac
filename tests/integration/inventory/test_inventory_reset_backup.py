"""The factory reset keeps what it destroys: one backup, taken before it begins, and everybody sees where it is."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from httpx import AsyncClient
from nats.aio.client import Client

from hcmp_contracts.logs import LineFrame
from hcmp_contracts.system import FactoryResetCompleted, FactoryResetRequested
from hcmp_contracts.vm import VmMaintenanceStarted
from hcmp_eventstore.backup.file import BackupReader
from hcmp_eventstore.backup.streams import restore_streams
from hcmp_eventstore.logstream import open_log, read_log
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain.system import PLATFORM as SYSTEM
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account
from hcmp_testkit.requests import requested

RESET = {"confirm": "RESET", "password": "the operator's password"}


async def files(folder: Path) -> list[Path]:
    return await asyncio.to_thread(lambda: sorted(folder.iterdir()))


async def history(store: EventStore) -> list[object]:
    return [recorded.event for recorded in await store.load("system", SYSTEM)]


async def test_what_a_reset_destroys_can_be_restored_and_does_not_reset_itself(
    operator: AsyncClient, event_store: EventStore, broker: Client, empty_broker: Client, tmp_path: Path
) -> None:
    project, machine = str(uuid4()), str(uuid4())
    last = await happened(event_store, machine, VmMaintenanceStarted(reason="disk"))
    log = await open_log(broker, project)
    await log.append([log.number(LineFrame(seq=0, time=datetime.now(UTC), text="a line"))])

    answer = await operator.post("/api/admin/reset", json=RESET)

    assert answer.status_code == 202, answer.text
    backup = Path(answer.json()["backup"])
    assert await files(tmp_path / "backups") == [backup]
    ended = await eventually(lambda: history(event_store), lambda events: len(events) == 2, seconds=20)
    assert ended == [
        FactoryResetRequested(backup=str(backup)),
        FactoryResetCompleted(projects=0, machines=0, backup=str(backup)),
    ]
    assert (await broker.jetstream().stream_info("LOGS")).state.messages == 0

    with BackupReader(backup) as reader:
        reader.verify()
        assert [member.path for member in reader.manifest.members if not member.path.startswith("streams/")] == []
        await restore_streams(empty_broker, reader)
    restored = EventStore(empty_broker, source="test")
    assert (await restored.load("vm", machine))[-1].sequence == last
    assert await restored.load("system", SYSTEM) == []
    async with aclosing(read_log(empty_broker, project)) as frames:
        frame = await anext(frames)
    assert isinstance(frame, LineFrame)
    assert frame.text == "a line"


async def test_a_second_request_goes_on_with_the_reset_and_the_backup_of_the_first(
    operator: AsyncClient, mina: Account, event_store: EventStore, tmp_path: Path
) -> None:
    await happened(
        event_store, str(uuid4()), requested(1, mina.id, username=mina.username)
    )  # keeps the reset from its end
    answers = [await operator.post("/api/admin/reset", json=RESET) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    [backup] = await files(tmp_path / "backups")
    assert {answer.json()["backup"] for answer in answers} == {str(backup)}


async def test_without_a_backup_nothing_is_reset(
    operator: AsyncClient, event_store: EventStore, tmp_path: Path
) -> None:
    await asyncio.to_thread((tmp_path / "backups").rmdir)
    answer = await operator.post("/api/admin/reset", json=RESET)
    assert (answer.status_code, answer.json()["type"]) == (503, "backup-failed")
    assert "No such file or directory" in answer.json()["detail"]
    assert await event_store.load("system", SYSTEM) == []
