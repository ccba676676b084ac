"""Who did what: the feed in pages, and live."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from pydantic import AwareDatetime

from hcmp_monitor.api.entries import entry
from hcmp_monitor.api.event_stream import EventStream, live
from hcmp_monitor.api.models import ActivityPage
from hcmp_monitor.api.parts import Monitor
from hcmp_monitor.projections.feed import Filters, before
from hcmp_webkit.identity import Caller, Principal
from hcmp_webkit.pages import Cursor, Limit, decode_cursor, encode_cursor, unknown_cursor
from hcmp_webkit.problems import Problem

MAX_SEQUENCE = 2**63 - 1
MAX_STREAMS = 8

router = APIRouter(prefix="/api/activity", tags=["activity"])


@router.get("")
async def activity(  # noqa: PLR0913 - one parameter a filter, named by the contract
    caller: Caller,
    monitor: Monitor,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    project: UUID | None = None,
    vm: UUID | None = None,
    actor: Annotated[
        str | None, Query(max_length=200, pattern=r"^[^\x00-\x1f]+$", description="an account's id or username")
    ] = None,
    kind: Annotated[
        str | None, Query(pattern=r"^[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)?$", examples=["vm", "vm.reserved"])
    ] = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> ActivityPage:
    """What happened, newest first, as far as the reader may see it."""
    filters = Filters(
        reader=_reader(caller),
        project=str(project) if project else None,
        vm=str(vm) if vm else None,
        actor=actor,
        kind=kind,
        since=since,
        until=until,
    )
    rows = await before(monitor.pool, filters, sequence=_position(cursor), limit=limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return ActivityPage(
        events=[entry(row) for row in page],
        next_cursor=encode_cursor(str(page[-1].sequence)) if more else None,
    )


@router.get(
    "/stream",
    status_code=200,
    response_class=EventStream,
    responses={
        200: {
            "description": "Server-sent events: `id` is the sequence, `data` an entry of the feed",
            "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/ActivityEntry"}}},
        }
    },
)
async def activity_stream(
    request: Request,
    caller: Caller,
    monitor: Monitor,
    last_event_id: Annotated[int | None, Header(ge=0, le=MAX_SEQUENCE)] = None,
) -> EventStream:
    """What happens, as it happens: after `Last-Event-ID`, or from now on. Ends with the caller's session."""
    if monitor.streams[caller.account_id] >= MAX_STREAMS:
        raise Problem(
            "too-many-streams",
            title="Too many live feeds",
            status=429,
            detail=f"An account follows at most {MAX_STREAMS} feeds at once. Close one first.",
            headers={"Retry-After": "5"},
        )
    position = monitor.projector.position if last_event_id is None else last_event_id
    return EventStream(
        live(monitor, Filters(reader=_reader(caller)), after_sequence=position),
        principal=caller,
        identity=request.app.state.identity,
        counter=monitor.streams,
        # The reader comes back with a fresh token.
        seconds=(caller.expires_at - monitor.clock()).total_seconds(),
    )


def _reader(caller: Principal) -> str | None:
    return None if caller.is_operator else caller.account_id


def _position(cursor: str | None) -> int | None:
    """The sequence in a cursor."""
    text = decode_cursor(cursor)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > MAX_SEQUENCE:
        raise unknown_cursor()
    return int(text)
