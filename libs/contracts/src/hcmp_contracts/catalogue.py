"""Every event of the log by its stored name, and where each aggregate's events stand in the broker."""

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from hcmp_contracts.account import AccountEvent
from hcmp_contracts.allocation import AllocationEvent
from hcmp_contracts.dead_letter import DeadLetterRecorded
from hcmp_contracts.envelope import CloudEvent, DomainEvent
from hcmp_contracts.pool_policy import PoolPolicyEvent
from hcmp_contracts.project import ProjectEvent
from hcmp_contracts.quota import QuotaEvent
from hcmp_contracts.session import SessionEvent
from hcmp_contracts.settings import SettingsEvent
from hcmp_contracts.ssh_certificate import SshCertificateEvent
from hcmp_contracts.system import SystemEvent
from hcmp_contracts.terminal_session import TerminalSessionEvent
from hcmp_contracts.upcasting import UPCASTERS, Upcaster, upcast
from hcmp_contracts.vm import VmEvent

UNIONS: tuple[Any, ...] = (
    AccountEvent,
    SessionEvent,
    VmEvent,
    AllocationEvent,
    PoolPolicyEvent,
    SettingsEvent,
    SystemEvent,
    ProjectEvent,
    QuotaEvent,
    SshCertificateEvent,
    TerminalSessionEvent,
    DeadLetterRecorded,
)
EVENTS: dict[str, type[DomainEvent]] = {
    event.event_type: event for union in UNIONS for event in get_args(union) or (union,)
}
AGGREGATES: tuple[str, ...] = tuple(dict.fromkeys(event.aggregate() for event in EVENTS.values()))


class UnknownEventError(LookupError):
    """The log holds an event that this version does not know; nothing may be skipped, so reading stops."""

    def __init__(self, event_type: str) -> None:
        super().__init__(f"the event type {event_type!r} is not in the catalogue")
        self.event_type = event_type


def subject_of(event: type[DomainEvent], aggregate_id: str) -> str:
    """The broker subject of an event: `hcmp.<aggregate>.<aggregate id>.<event>`."""
    aggregate, verb = _words(event)
    return f"hcmp.{aggregate}.{aggregate_id}.{verb}"


@cache
def _words(event: type[DomainEvent]) -> tuple[str, str]:
    return event.aggregate(), event.verb()


def parse(
    envelope: CloudEvent,
    catalogue: Mapping[str, type[DomainEvent]] = EVENTS,
    upcasters: Mapping[str, Upcaster] = UPCASTERS,
) -> DomainEvent:
    """The typed event inside an envelope, whichever version of it was stored.

    Raises UnknownEventError for a type that is not in the catalogue and pydantic.ValidationError for
    data that do not fit it.
    """
    event_type, data = upcast(envelope.type, envelope.data, upcasters)
    event = catalogue.get(event_type)
    if event is None:
        raise UnknownEventError(event_type)
    return event.model_validate(data)
