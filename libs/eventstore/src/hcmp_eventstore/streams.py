"""The streams of the broker, and how they are made."""

from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from hcmp_contracts.catalogue import AGGREGATES

EVENTS = "EVENTS"
LOGS = "LOGS"
TIMERS = "TIMERS"
DEAD_LETTERS = "DEADLETTERS"

DAY_SECONDS = 86_400
MAX_MESSAGE_BYTES = 1_000_000


def stream_configs(replicas: int) -> list[StreamConfig]:
    """Every stream, with `replicas` copies each (1 on one machine, 3 on a cluster).

    The events' subjects are listed one aggregate at a time, so that requests (`hcmp.rpc.…`), timers and
    dead letters stay out of the log.
    """
    return [
        StreamConfig(
            name=EVENTS,
            description="The event log: the truth from which every read model is rebuilt",
            subjects=[f"hcmp.{aggregate}.*.*" for aggregate in AGGREGATES],
            storage=StorageType.FILE,
            num_replicas=replicas,
            discard=DiscardPolicy.NEW,
            max_msg_size=MAX_MESSAGE_BYTES,
            allow_direct=True,
            allow_atomic=True,
            deny_delete=True,
            deny_purge=True,
        ),
        StreamConfig(
            name=LOGS,
            description="The lines that runs print, by project",
            subjects=["hcmp.log.*"],
            storage=StorageType.FILE,
            num_replicas=replicas,
            max_age=30 * DAY_SECONDS,
            max_msg_size=MAX_MESSAGE_BYTES,
            allow_direct=True,
        ),
        StreamConfig(
            name=TIMERS,
            description="Scheduled messages: the broker sends each at its time",
            subjects=["hcmp.timer.>"],
            storage=StorageType.FILE,
            num_replicas=replicas,
            allow_direct=True,
            allow_msg_schedules=True,
            allow_msg_ttl=True,
        ),
        StreamConfig(
            name=DEAD_LETTERS,
            description="Events that a reaction could not handle, with the reason",
            subjects=["hcmp.deadletter.>"],
            storage=StorageType.FILE,
            num_replicas=replicas,
            max_age=90 * DAY_SECONDS,
            allow_direct=True,
        ),
    ]


async def ensure_streams(jetstream: JetStreamContext, *, replicas: int = 1) -> None:
    """Create every stream that is absent and bring the others to this configuration."""
    for config in stream_configs(replicas):
        try:
            await jetstream.stream_info(str(config.name))
        except NotFoundError:
            await jetstream.add_stream(config)
        else:
            await jetstream.update_stream(config)
