"""One session with a server. Its calls block, so each has a thread of a bounded number, and is cut when late."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from pyVmomi import SoapAdapter, vim

from hcmp_contracts.cause import Cause
from hcmp_inventory.adapters.vsphere.faults import told
from hcmp_inventory.adapters.vsphere.transport import Dial
from hcmp_inventory.ports.hypervisor import VcenterAccess, VcenterError

log = structlog.get_logger(__name__)

# The largest list of 10,000 machines takes seconds; nothing else comes near.
CALL_SECONDS = 60.0
LOGOUT_SECONDS = 5.0
LOST = ("vcenter-refused", "vcenter-unreachable", "vcenter-timeout")
T = TypeVar("T")
Content = Any  # vim.ServiceInstanceContent: pyvmomi makes its types at run time


@dataclass
class Session:
    """Signed in at the first call, and once more when the server has ended the session meanwhile."""

    access: VcenterAccess
    dial: Dial
    threads: ThreadPoolExecutor
    seconds: float = CALL_SECONDS
    # The server could not be reached: who comes next looks where it is now.
    lost: bool = False
    _stub: SoapAdapter.SoapStubAdapter = field(init=False)
    _content: Content = None
    _signing_in: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._stub = self.dial.adapter()

    async def call(self, work: Callable[[Content], T], *, seconds: float | None = None) -> T:
        """Do `work` in a thread. It is done again from its beginning when its first call finds the session ended,
        so it makes only one call that changes anything.

        Raises VcenterError.
        """
        thread: list[int] = []
        limit = seconds or self.seconds
        try:
            async with asyncio.timeout(limit):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self.threads, self._work, work, thread)
        except VcenterError as error:
            self.lost = self.lost or error.slug in LOST
            raise
        except TimeoutError as late:
            self.lost = True
            where = f"{self.access.host}:{self.access.port}"
            cause = Cause.of("no-answer", host=self.access.host, port=self.access.port)
            raise VcenterError("vcenter-timeout", f"{where} did not answer within {limit:.0f} s.", cause) from late
        finally:
            # Late or cancelled: the thread is not left waiting. One that is done has no connection in use.
            for ident in thread:
                self.dial.cut(ident)

    def object(self, kind: type[T], reference: str) -> T:
        """The managed object of this id, without asking whether there is one."""
        return kind(reference, self._stub)  # type: ignore[call-arg]  # every managed object is made so

    async def close(self) -> None:
        """End the session at the server too, if it answers."""
        if self._content is not None and not self.lost:
            try:
                await self.call(lambda content: content.sessionManager.Logout(), seconds=LOGOUT_SECONDS)
            except VcenterError as error:
                log.info("vcenter_logout_failed", reason=str(error))
        self.dial.end(self._stub)

    def _work(self, work: Callable[[Content], T], thread: list[int]) -> T:
        thread.append(threading.get_ident())
        try:
            with told(self.access):
                content = self._signed_in(None)
                try:
                    return work(content)
                except vim.fault.NotAuthenticated:
                    return work(self._signed_in(content))
        finally:
            self.dial.release(threading.get_ident())
            thread.clear()

    def _signed_in(self, ended: Content) -> Content:
        """What the server offers to this session, or to a new one if it is this that ended."""
        with self._signing_in:
            if self._content is None or self._content is ended:
                self._stub.SetSessionId("")
                content: Content = vim.ServiceInstance("ServiceInstance", self._stub).RetrieveContent()
                content.sessionManager.Login(self.access.username, self.access.password, None)
                self._content = content
            return self._content
