"""What the routes work with: handed over once, in main."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from hcmp_eventstore.projector import Pool
from hcmp_eventstore.store import EventStore
from hcmp_terminal.domain.shell import Shells
from hcmp_terminal.reactors import LiveShells


@dataclass(frozen=True)
class Parts:
    pool: Pool
    store: EventStore
    shells: Shells
    live: LiveShells
    public_url: str
    new_id: Callable[[], UUID]


def _parts(connection: HTTPConnection) -> Parts:
    parts: Parts = connection.app.state.parts
    return parts


Terminal = Annotated[Parts, Depends(_parts)]
