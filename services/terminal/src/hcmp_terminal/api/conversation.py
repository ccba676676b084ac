"""A conversation between a browser and a shell, from the accepted socket to its end.

Nothing piles up: output is read from the machine only as fast as the browser takes it, and what is typed
waits in a bounded inbox for a machine that is slow.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

import structlog

from hcmp_eventstore.errors import EventStoreError
from hcmp_eventstore.recorded import Context
from hcmp_terminal.api.browser import (
    INTERNAL,
    NORMAL,
    POLICY,
    RESTARTING,
    TRY_LATER,
    Browser,
    EndedError,
    Ending,
    failed,
)
from hcmp_terminal.api.frames import Auth, Exit, Failure, Ready, Resize
from hcmp_terminal.api.parts import Parts
from hcmp_terminal.domain.machine import Machine
from hcmp_terminal.domain.session import Close, Open, Reason, SessionNotOpenedError
from hcmp_terminal.domain.shell import (
    CertificateUnavailableError,
    Guest,
    HostKeyChangedError,
    Login,
    LoginRefusedError,
    MachineUnreachableError,
    Shell,
    Size,
)
from hcmp_terminal.handlers import record
from hcmp_webkit.identity import Identity, Principal
from hcmp_webkit.sockets import StalledReaderError

log = structlog.get_logger(__name__)

AUTH_SECONDS = 30.0
INBOX_BYTES = 1024 * 1024
# Less than the server's ping timeout: while the inbox is full, nothing is read from the browser, pongs neither.
MACHINE_STALLED_SECONDS = 10.0


class Inbox:
    """What was typed and not yet sent to the machine, at most INBOX_BYTES."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._changed = asyncio.Condition()

    async def put(self, data: bytes) -> None:
        """Raises EndedError when the machine has taken nothing for MACHINE_STALLED_SECONDS."""
        async with self._changed:
            try:
                async with asyncio.timeout(MACHINE_STALLED_SECONDS):
                    await self._changed.wait_for(lambda: self._size + len(data) <= INBOX_BYTES)
            except TimeoutError:
                raise failed(Reason.MACHINE_STALLED, TRY_LATER, "The machine takes no more input.") from None
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify_all()

    async def get(self) -> bytes:
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._waiting))
            data = self._waiting.popleft()
            self._size -= len(data)
            self._changed.notify_all()
            return data


@dataclass
class Conversation:
    """One session. `caller` has been found to be admitted to `machine`."""

    session_id: str
    parts: Parts
    identity: Identity
    browser: Browser
    machine: Machine
    caller: Principal
    context: Context
    _inbox: Inbox = field(default_factory=Inbox)
    _logins: asyncio.Queue[Login] = field(default_factory=lambda: asyncio.Queue(maxsize=1))
    _size: Size = field(default_factory=Size)
    _shell: Shell | None = None
    _recorded: bool = False

    async def run(self) -> None:
        """Until the shell exits, the browser leaves, the caller's session ends or the machine is released."""
        with self.parts.live.holding(self.session_id, self.machine) as live:
            # A machine that changed hands while the socket was opening is noticed here.
            await self.parts.live.release(self.parts.pool)
            tasks = [
                asyncio.create_task(self._serve_shell()),
                asyncio.create_task(self._read_browser()),
                asyncio.create_task(self._until_revoked()),
                asyncio.create_task(self._until_released(live.released)),
            ]
            ending = Ending(Reason.SERVICE_STOPPED, RESTARTING)
            try:
                ending = await _first(tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await self.browser.bid_farewell(ending)
                await asyncio.gather(*tasks, return_exceptions=True)
                await self._record_end(ending)

    async def _serve_shell(self) -> Ending:
        try:
            async with await self._open() as shell:
                await self._record_opening()
                self._shell = shell
                # The last size may have come while the shell was starting.
                shell.resize(self._size)
                await self.browser.tell(Ready())
                feeding = asyncio.create_task(self._feed(shell))
                try:
                    while output := await shell.read():
                        await self.browser.show(output)
                finally:
                    feeding.cancel()
                    await asyncio.gather(feeding, return_exceptions=True)
                return Ending(Reason.EXITED, NORMAL, Exit(status=await shell.exit_status()))
        except MachineUnreachableError as error:
            log.info("machine_unreachable", machine=self.machine.name, reason=str(error))
            raise failed(
                Reason.MACHINE_UNREACHABLE, INTERNAL, f"{self.machine.name} does not answer on its SSH port."
            ) from error
        except StalledReaderError:
            raise failed(Reason.READER_STALLED, TRY_LATER, "The terminal's output was not read.") from None

    async def _open(self) -> Shell:
        """A shell by the platform's means, otherwise by a login that the browser sends."""
        try:
            try:
                guest = Guest(self.caller.account_id)
                return await self.parts.shells.open(self.machine, guest, lambda: self._size)
            except LoginRefusedError:
                return await self.parts.shells.open(self.machine, await self._typed_login(), lambda: self._size)
        except LoginRefusedError:
            raise _refused("authentication-failed", "The machine refused this name and password.") from None
        except CertificateUnavailableError as error:
            log.warning("no_certificate", machine=self.machine.name, reason=str(error))
            raise failed(
                Reason.INTERNAL_ERROR, TRY_LATER, f"{error} Try again in a moment.", slug="certificate-unavailable"
            ) from None
        except HostKeyChangedError:
            log.warning("host_key_changed", machine=self.machine.name, vm_id=self.machine.vm_id)
            raise _refused(
                "host-key-changed",
                f"{self.machine.name} shows another host key than the one that was pinned when it joined. "
                "Nothing was sent to it. Ask an operator to look at the machine.",
            ) from None

    async def _typed_login(self) -> Login:
        if self._logins.empty():
            detail = f"{self.machine.name} needs a name and a password: send them in an auth frame."
            await self.browser.tell(Failure(slug="authentication-required", detail=detail))
        try:
            async with asyncio.timeout(AUTH_SECONDS):
                return await self._logins.get()
        except TimeoutError:
            raise _refused("authentication-failed", f"No login came within {AUTH_SECONDS:.0f} s.") from None

    async def _feed(self, shell: Shell) -> None:
        while True:
            await shell.write(await self._inbox.get())

    async def _read_browser(self) -> Ending:
        while True:
            match await self.browser.read():
                case bytes() as typed:
                    await self._inbox.put(typed)
                case Resize(columns=columns, rows=rows):
                    self._size = Size(columns=columns, rows=rows)
                    if self._shell is not None:
                        self._shell.resize(self._size)
                case Auth(username=username, password=password):
                    if self._shell is None and self._logins.empty():
                        self._logins.put_nowait(Login(username, password.get_secret_value()))

    async def _until_revoked(self) -> Ending:
        await self.identity.until_revoked(self.caller)
        raise failed(Reason.SESSION_ENDED, POLICY, "Your session was ended.")

    async def _until_released(self, released: asyncio.Event) -> Ending:
        await released.wait()
        raise failed(Reason.MACHINE_RELEASED, POLICY, f"{self.machine.name} is no longer in the same hands.")

    async def _record_opening(self) -> None:
        """No shell without a record: it is told only when the log has taken it."""
        opening = Open(
            vm_id=self.machine.vm_id,
            vm_name=self.machine.name,
            project_id=self.machine.project_id,
            account_id=self.caller.account_id,
            username=self.caller.username,
        )
        self._recorded = True
        try:
            await record(self.parts.store, self.session_id, opening, self.context)
        except EventStoreError as error:
            detail = "The event log does not answer, and no shell opens without a record of it."
            raise failed(Reason.INTERNAL_ERROR, TRY_LATER, detail, slug="log-unavailable") from error

    async def _record_end(self, ending: Ending) -> None:
        if not self._recorded:
            return
        closing = Close(reason=ending.reason, exit_status=ending.exit_status)
        try:
            await record(self.parts.store, self.session_id, closing, self.context)
        except SessionNotOpenedError:
            pass  # the log never took the opening
        except EventStoreError as error:
            # The sweeper closes what nobody holds as soon as the log answers again.
            log.warning("session_end_not_recorded", session=self.session_id, reason=str(error))


def _refused(slug: str, detail: str) -> EndedError:
    """There was never a shell, so that nothing of it is on record."""
    return failed(Reason.INTERNAL_ERROR, POLICY, detail, slug=slug)


async def _first(tasks: list[asyncio.Task[Ending]]) -> Ending:
    """How the conversation ended, by the first of its parts that did."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    try:
        return next(task for task in tasks if task in done).result()
    except EndedError as ended:
        return ended.ending
    except Exception:
        log.exception("conversation_broke")
        return failed(Reason.INTERNAL_ERROR, INTERNAL, "Something went wrong on our side.").ending
