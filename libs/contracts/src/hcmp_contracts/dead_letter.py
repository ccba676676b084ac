"""Facts about events that a reaction gave up on. The aggregate's id is the dead letter's number in its stream."""

from typing import ClassVar

from hcmp_contracts.envelope import DomainEvent


class DeadLetterRecorded(DomainEvent):
    """`reactor` failed MAX_DELIVERIES times on an event, or could not read it, and an operator has to look.

    The event stands in the log under `sequence` (in the timers, for a reaction to a timer); of one that cannot be
    read, type and subject are absent.
    """

    event_type: ClassVar[str] = "hcmp.dead-letter.recorded.v1"
    reactor: str
    reason: str
    sequence: int | None = None
    letter_type: str | None = None
    letter_subject: str | None = None
