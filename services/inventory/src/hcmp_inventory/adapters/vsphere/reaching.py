"""Waiting until a machine that was just switched on answers on SSH, at an address that may be connected to."""

import asyncio
from dataclasses import dataclass

from hcmp_contracts.cause import Cause
from hcmp_inventory.domain.causes import Reason, reason_of
from hcmp_inventory.ports.connections import (
    Addresses,
    AddressRefusedError,
    CertificateUnavailableError,
    CredentialRefusedError,
    HostKeyMismatchError,
    Login,
    Prober,
    UnreachableError,
)
from hcmp_inventory.ports.hypervisor import Endpoint
from hcmp_inventory.ports.provider import MachineNotReady, no_greeting

# A guest boots, and cloud-init makes its user, in less.
READY_SECONDS = 300.0
PAUSE_SECONDS = 0.5
GREETING_SECONDS = 5.0
GREETING = b"SSH-2.0-"
NOT_YET = (UnreachableError, CredentialRefusedError, HostKeyMismatchError, CertificateUnavailableError)


@dataclass(frozen=True)
class Reach:
    """What a machine reports of itself is checked as what a person gives is. Everything raises MachineNotReady."""

    addresses: Addresses
    prober: Prober
    seconds: float = READY_SECONDS

    async def checked(self, name: str, address: str) -> str:
        try:
            return await self.addresses.resolve(address)
        except AddressRefusedError as error:
            raise MachineNotReady(name=name, reason=reason_of(error)) from error

    async def greeted(self, name: str, host: str, port: int) -> None:
        """Wait until an SSH server says who it is."""
        try:
            async with asyncio.timeout(self.seconds):
                while not await _greets(host, port):  # noqa: ASYNC110 - it is another computer that boots
                    await asyncio.sleep(PAUSE_SECONDS)
        except TimeoutError as late:
            raise MachineNotReady(name=name, reason=no_greeting(self.seconds)) from late

    async def pinned(self, host: str, endpoint: Endpoint) -> str:
        """The host key under which the platform opens a machine that is being set up: its first boot makes
        both the key and the user, so that neither may be there yet.
        """
        last = Reason("it was not asked")
        try:
            async with asyncio.timeout(self.seconds):
                while True:
                    try:
                        key = await self.prober.host_key(host, endpoint.ssh_port)
                        await self.prober.log_in(_login(host, endpoint, key))
                    except NOT_YET as error:
                        last = reason_of(error)
                        await asyncio.sleep(PAUSE_SECONDS)
                    else:
                        return key
        except TimeoutError as late:
            waited = Cause.of("not-ready", seconds=round(self.seconds))
            reason = Reason(f"after {self.seconds:.0f} s: {last.text}", (waited, *last.causes))
            raise MachineNotReady(name=endpoint.name, reason=reason) from late


def _login(host: str, endpoint: Endpoint, key: str) -> Login:
    return Login(endpoint.name, host, endpoint.ssh_port, endpoint.ssh_user, key, None)


async def _greets(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(GREETING_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                return (await reader.read(len(GREETING))).startswith(GREETING)
            finally:
                writer.close()
    except OSError:
        return False
