"""What every read model shows after a restore is what it showed at the backup's last event."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from nats.aio.client import Client
from psycopg import AsyncConnection, sql
from psycopg.rows import DictRow, dict_row

from hcmp_auth.projections.accounts import MODEL as ACCOUNTS
from hcmp_contracts.catalogue import EVENTS as CATALOGUE
from hcmp_contracts.catalogue import parse
from hcmp_contracts.envelope import CloudEvent, DomainEvent
from hcmp_eventstore.backup.file import BackupReader, BackupWriter
from hcmp_eventstore.backup.streams import back_up_streams, restore_streams
from hcmp_eventstore.projection import ReadModel
from hcmp_eventstore.projector import Projector
from hcmp_eventstore.reader import last_sequence, read_batches
from hcmp_eventstore.recorded import read_recorded
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import EVENTS
from hcmp_inventory.projections.model import MODEL as INVENTORY
from hcmp_monitor.projections.model import MODEL as MONITOR
from hcmp_provisioner.projections.read_model import READ_MODEL as PROVISIONER
from hcmp_terminal.projections.model import MODEL as TERMINAL
from hcmp_testkit.history import happened

MODELS = (ACCOUNTS, INVENTORY, PROVISIONER, MONITOR, TERMINAL)
GOLDEN = Path(__file__).parents[1] / "golden" / "events"


def every_event() -> list[DomainEvent]:
    """One of each kind, as the log stores it."""
    stored = [json.loads((GOLDEN / f"{kind}.json").read_text()) for kind in CATALOGUE]
    return [parse(CloudEvent.model_validate(one)) for one in stored]


async def happen(store: EventStore, history: Sequence[DomainEvent]) -> None:
    """Everything once, to things of one new id."""
    name = str(uuid4())
    for event in history:
        await happened(store, name, event)


async def rows(database_url: str, schema: str) -> dict[str, list[str]]:
    """Every table but the checkpoint, as it stands."""
    found = {}
    async with await AsyncConnection.connect(database_url) as connection:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s ORDER BY 1"
        for (table,) in await (await connection.execute(query, [schema])).fetchall():
            if table != "checkpoint":
                everything = sql.SQL("SELECT to_jsonb(t)::text FROM {} t ORDER BY 1").format(
                    sql.Identifier(schema, table)
                )
                found[table] = [row for (row,) in await (await connection.execute(everything)).fetchall()]
    return found


async def projected(client: Client, database_url: str, model: ReadModel) -> dict[str, list[str]]:
    """What the projector of a service makes of a whole log."""
    last = await last_sequence(client, stream=EVENTS, subjects=model.subjects)
    projector = Projector(store=EventStore(client, source="test"), database_url=database_url, model=model)
    running = asyncio.create_task(projector.run())
    assert await projector.wait_for(last, 30), projector.failure
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return await rows(database_url, model.schema)


async def folded(client: Client, database_url: str, model: ReadModel, *, up_to: int) -> dict[str, list[str]]:
    """What the projections of a service make of a log's beginning, applied by hand."""
    async with await AsyncConnection[DictRow].connect(database_url, row_factory=dict_row) as connection:
        schema = sql.Identifier(f"folded_{model.name}")
        await connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        await connection.execute(sql.SQL("SET search_path TO {}").format(schema))
        for projection in model.projections:
            await connection.execute(projection.tables)
        async with aclosing(read_batches(client, stream=EVENTS, subjects=model.subjects, after=0)) as batches:
            async for batch in batches:
                early = [one for one in batch if one.sequence <= up_to]
                for message in early:
                    recorded = read_recorded(*message)
                    for projection in model.projections:
                        await projection.apply(connection.cursor(), [recorded])
                if len(early) < len(batch):
                    break
        await connection.commit()
    return await rows(database_url, f"folded_{model.name}")


async def test_every_read_model_is_the_same_after_a_restore(
    broker: Client, empty_broker: Client, event_store: EventStore, database_url: str, tmp_path: Path
) -> None:
    history = every_event()
    await happen(event_store, history)
    meanwhile = asyncio.create_task(happen(event_store, history))
    await asyncio.sleep(0.1)
    with BackupWriter(tmp_path / "backup.tar", taken_at=datetime.now(UTC)) as writer:
        manifest = writer.finish(await back_up_streams(broker, writer), platform_version="test")
    await meanwhile
    await happen(event_store, history)
    record = manifest.stream(EVENTS)
    assert record is not None
    assert len(history) <= record.last_sequence < 3 * len(history)
    with BackupReader(tmp_path / "backup.tar") as reader:
        await restore_streams(empty_broker, reader)

    filled = 0
    for model in MODELS:
        expected = await folded(broker, database_url, model, up_to=record.last_sequence)
        assert await projected(empty_broker, database_url, model) == expected, model.schema
        filled += sum(map(bool, expected.values()))
    assert filled > 10  # empty tables would be equal too
