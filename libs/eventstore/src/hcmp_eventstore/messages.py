"""What is appended: events for aggregates at known versions, made ready for the broker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hcmp_contracts.catalogue import subject_of
from hcmp_contracts.envelope import CloudEvent, DomainEvent
from hcmp_eventstore.recorded import Context


def subject_filter(aggregate: str, aggregate_id: str) -> str:
    """What all events of one aggregate are stored under."""
    return f"hcmp.{aggregate}.{aggregate_id}.>"


@dataclass(frozen=True)
class Write:
    """Events for one aggregate, decided on its version `expected_version` (0: nothing ever happened to it)."""

    aggregate: str
    aggregate_id: str
    expected_version: int
    events: Sequence[DomainEvent]

    @property
    def subject_filter(self) -> str:
        return subject_filter(self.aggregate, self.aggregate_id)


@dataclass(frozen=True)
class Message:
    """One event made ready for the broker, with the version of its aggregate that it was decided on."""

    subject: str
    subject_filter: str
    event_id: str
    expected_version: int
    payload: bytes

    def headers(self) -> dict[str, str]:
        return {
            "Nats-Msg-Id": self.event_id,
            "Nats-Expected-Last-Subject-Sequence": str(self.expected_version),
            "Nats-Expected-Last-Subject-Sequence-Subject": self.subject_filter,
        }


@dataclass(frozen=True)
class Envelopes:
    """Puts the events of one service into envelopes. `source` names the service."""

    source: str
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]

    def messages(self, writes: Sequence[Write], context: Context) -> list[Message]:
        """All events of all writes, in their order, as of now."""
        now = self.clock()
        return [self._message(write, event, context, now) for write in writes for event in write.events]

    def _message(self, write: Write, event: DomainEvent, context: Context, now: datetime) -> Message:
        envelope = CloudEvent(
            id=str(self.new_id()),
            source=self.source,
            type=event.event_type,
            subject=subject_of(type(event), write.aggregate_id),
            time=now,
            actor=context.actor,
            correlationid=context.correlation_id,
            causationid=context.causation_id,
            data=event.model_dump(mode="json"),
        )
        return Message(
            subject=envelope.subject,
            subject_filter=write.subject_filter,
            event_id=envelope.id,
            expected_version=write.expected_version,
            payload=envelope.model_dump_json().encode(),
        )
