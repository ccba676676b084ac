"""What a dead letter says: which reaction gave up on which event, and why. Pure."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from hcmp_contracts.dead_letter import DeadLetterRecorded
from hcmp_contracts.envelope import CloudEvent

MAX_REASON = 2000


class Letter(BaseModel):
    """A dead letter as a reactor writes it; `event` is the message that it gave up on, as it was."""

    model_config = ConfigDict(extra="ignore")

    reason: str
    sequence: int
    event: str


@dataclass(frozen=True)
class Finding:
    """What goes on record of a letter, and the event that it is about, where that can be read."""

    fact: DeadLetterRecorded
    about: CloudEvent | None


def finding(subject: str, data: bytes) -> Finding:
    """Read a letter, however damaged. The reaction's name is taken from the subject, which the broker vouches for:
    `hcmp.deadletter.<service>.<reaction>`.
    """
    reactor = "-".join(subject.split(".")[2:])
    try:
        letter = Letter.model_validate_json(data)
    except ValidationError:
        return Finding(DeadLetterRecorded(reactor=reactor, reason="The dead letter cannot be read."), None)
    about = _event(letter.event)
    fact = DeadLetterRecorded(
        reactor=reactor,
        reason=letter.reason[:MAX_REASON],
        sequence=letter.sequence,
        letter_type=about.type if about else None,
        letter_subject=about.subject if about else None,
    )
    return Finding(fact, about)


def _event(text: str) -> CloudEvent | None:
    try:
        return CloudEvent.model_validate_json(text)
    except ValidationError:
        return None
