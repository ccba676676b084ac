"""Events as they come out of the log: typed data, envelope, and their place in the order of all events."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from hcmp_contracts.catalogue import parse, subject_of
from hcmp_contracts.envelope import CloudEvent, DomainEvent
from hcmp_eventstore.errors import MisplacedEventError

E_co = TypeVar("E_co", bound=DomainEvent, covariant=True)


@dataclass(frozen=True)
class Recorded(Generic[E_co]):
    """One event of the log. `sequence` orders all events of the installation, whatever the clocks say."""

    sequence: int
    event: E_co
    envelope: CloudEvent

    @property
    def aggregate(self) -> str:
        return self.envelope.subject.split(".")[1]

    @property
    def aggregate_id(self) -> str:
        return self.envelope.subject.split(".")[2]


@dataclass(frozen=True)
class Context:
    """Who acts, and what set it off: goes into the envelope of every event that results.

    `actor` is `account/<id>` or `service/<name>`.
    """

    actor: str
    correlation_id: str
    causation_id: str | None = None

    @classmethod
    def caused_by(cls, cause: Recorded[DomainEvent], *, service: str) -> "Context":
        """The context of a service that reacts to an event: same correlation, the event as its cause."""
        return cls(
            actor=f"service/{service}",
            correlation_id=cause.envelope.correlationid,
            causation_id=cause.envelope.id,
        )


def read_recorded(sequence: int, data: bytes, subject: str | None = None) -> Recorded[DomainEvent]:
    """Parse a message that was stored under `subject`; without one (a timer's) the envelope is taken at its word.

    Raises UnknownEventError or pydantic.ValidationError when this version cannot read it, and MisplacedEventError
    when envelope, type and subject do not agree.
    """
    envelope = CloudEvent.model_validate_json(data)
    recorded = Recorded(sequence=sequence, event=parse(envelope), envelope=envelope)
    if subject is not None:
        parts = subject.split(".")
        if (
            envelope.subject != subject
            or parts[2:3] == []
            or subject_of(type(recorded.event), parts[2]) != subject
        ):
            raise MisplacedEventError(f"{subject} holds {envelope.type} of {envelope.subject}")
    return recorded
