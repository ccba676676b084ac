"""WebSocket tickets: a browser cannot send an Authorization header with a WebSocket, so it brings one of these."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hcmp_auth.domain.session import TICKET_LIFE
from hcmp_auth.handlers.sign_in import digest
from hcmp_auth.ports import Tickets
from hcmp_webkit.identity import Principal


class TicketRefusedError(Exception):
    """Unknown, used, expired, or meant for another target: the slug says which."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


@dataclass(frozen=True)
class TicketOffice:
    tickets: Tickets
    clock: Callable[[], datetime]
    new_secret: Callable[[], str]

    async def issue(self, holder: Principal, target: str | None) -> str:
        """A ticket for one WebSocket, at `target` if that is given."""
        ticket = self.new_secret()
        expires_at = self.clock() + TICKET_LIFE
        await self.tickets.keep(digest(ticket), holder, target=target, expires_at=expires_at)
        return ticket

    async def redeem(self, ticket: str, target: str) -> Principal:
        """Whose ticket it was; presented once, even in the wrong place, it is used. Raises TicketRefusedError."""
        held = await self.tickets.take(digest(ticket))
        if held is None:
            raise TicketRefusedError("ticket-unknown")
        if held.expires_at <= self.clock():
            raise TicketRefusedError("ticket-expired")
        if held.target not in (None, target):
            raise TicketRefusedError("ticket-for-another-target")
        return held.holder
