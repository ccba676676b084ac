"""`/ws/ssh/{machine}`: who may open a shell, and on what."""

from fastapi import APIRouter, WebSocket

from hcmp_contracts.account import Role
from hcmp_terminal.api.browser import Browser
from hcmp_terminal.api.conversation import Conversation
from hcmp_terminal.api.parts import Parts, Terminal
from hcmp_terminal.domain.machine import Machine
from hcmp_terminal.projections.machines import machines_called
from hcmp_webkit.identity import Principal, context
from hcmp_webkit.problems import Problem, not_found
from hcmp_webkit.sockets import admit, deny

router = APIRouter()


@router.websocket("/ws/ssh/{machine}")
async def shell(websocket: WebSocket, machine: str, terminal: Terminal) -> None:
    """A shell on a machine, by its id or address."""
    try:
        caller = await admit(websocket, public_url=terminal.public_url)
        found = await _admitting(terminal, machine, caller)
    except Problem as problem:
        await deny(websocket, problem)
        return
    await websocket.accept()
    await Conversation(
        session_id=str(terminal.new_id()),
        parts=terminal,
        identity=websocket.app.state.identity,
        browser=Browser(websocket),
        machine=found,
        caller=caller,
        context=context(caller, websocket),
    ).run()


async def _admitting(terminal: Parts, name: str, caller: Principal) -> Machine:
    """The machine of this name that admits the caller. Another's answers like one that is not there."""
    if caller.role is Role.VIEWER:
        raise Problem("forbidden", title="Not allowed", status=403, detail="This needs the role user.")
    for machine in await machines_called(terminal.pool, name):
        if machine.admits(caller.account_id, is_operator=caller.is_operator):
            return machine
    raise not_found()
