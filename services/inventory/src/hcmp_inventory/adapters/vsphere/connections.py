"""The session with the server that the settings name: kept while they stay, replaced as soon as they change."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from hcmp_inventory.adapters.vsphere.faults import of_address
from hcmp_inventory.adapters.vsphere.session import CALL_SECONDS, Session
from hcmp_inventory.adapters.vsphere.transport import CONNECT_SECONDS, CONNECTIONS, READ_SECONDS, Dial
from hcmp_inventory.ports.connections import Addresses, AddressRefusedError
from hcmp_inventory.ports.hypervisor import UNNAMED, VcenterAccess, VcenterError

Configured = Callable[[], Awaitable[VcenterAccess | None]]


class Connections:
    """`configured` is asked at every use. Waits and calls share so many threads; who makes them bounds himself."""

    def __init__(
        self,
        configured: Configured,
        addresses: Addresses,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self.configured = configured
        self._addresses = addresses
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._call_seconds = call_seconds
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="vcenter")
        self._opening = asyncio.Lock()
        self._current: Session | None = None

    async def session(self) -> Session:
        """Raises VcenterError: not configured, or its name leads nowhere."""
        access = await self.configured()
        if access is None:
            raise VcenterError("vcenter-not-configured", "No vCenter is set up: see the settings.", UNNAMED)
        async with self._opening:
            current = self._current
            if current is not None and current.access == access and not current.lost:
                return current
            self._current = await self._opened(access)
        if current is not None:
            await current.close()
        return self._current

    @asynccontextmanager
    async def trying(self, access: VcenterAccess) -> AsyncIterator[Session]:
        """A session of its own, that ends with the block."""
        session = await self._opened(access)
        try:
            yield session
        finally:
            await session.close()

    async def close(self) -> None:
        if self._current is not None:
            await self._current.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _opened(self, access: VcenterAccess) -> Session:
        """Not signed in yet, but its address is resolved, checked, and the only one that it connects to."""
        try:
            address = await self._addresses.resolve(access.host)
        except AddressRefusedError as error:
            raise of_address(error) from error
        dial = Dial(access, address, self._connect_seconds, self._read_seconds)
        return Session(access, dial, self._threads, self._call_seconds)
