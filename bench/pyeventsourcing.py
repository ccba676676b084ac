"""The peer of the event store: pyeventsourcing on PostgreSQL, with the same small event on an aggregate."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from psycopg.conninfo import conninfo_to_dict

PAGE = 1000


class Machine(Aggregate):
    @event("MaintenanceStarted")
    def start_maintenance(self, reason: str) -> None:
        self.reason = reason


@contextmanager
def application(database_url: str, *, cached: bool = False) -> Iterator[Application[UUID]]:
    """An application whose tables are in this database; with `cached` it keeps aggregates and does not look for
    newer events of them.
    """
    place = conninfo_to_dict(database_url)
    app = Application[UUID](
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(place["dbname"]),
            "POSTGRES_HOST": str(place["host"]),
            "POSTGRES_PORT": str(place.get("port", "5432")),
            "POSTGRES_USER": str(place["user"]),
            "POSTGRES_PASSWORD": str(place.get("password") or "none"),
            **({"AGGREGATE_CACHE_MAXSIZE": "1000", "AGGREGATE_CACHE_FASTFORWARD": "n"} if cached else {}),
        }
    )
    try:
        yield app
    finally:
        app.close()


def fill(app: Application[UUID], count: int) -> list[UUID]:
    """Store `count` events at least, a thousand of one machine at a time; the machines."""
    machines = []
    for _ in range(0, count, PAGE):
        machine = Machine()
        for _ in range(PAGE - 1):
            machine.start_maintenance("bench")
        app.save(machine)
        machines.append(machine.id)
    return machines


def read(app: Application[UUID], count: int) -> None:
    """Read `count` events in order and make domain events of them; nothing is done with them."""
    seen = 0
    while seen < count:
        for notification in app.recorder.select_notifications(seen + 1, PAGE):
            app.mapper.to_domain_event(notification)
            seen = notification.id


def replay(app: Application[UUID], machines: Iterable[UUID]) -> None:
    """Make machines of all their events, one after another."""
    for machine in machines:
        app.repository.get(machine)
