"""What a provider of machines does: the one small interface of the lab, vCenter and machines added by hand."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from hcmp_contracts.cause import Cause
from hcmp_inventory.domain.causes import CausedError, Reason

Power = Literal["on", "off", "unknown"]


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as its provider knows it: where people reach it, and where the platform does.

    A machine that is off may have no address: it and the endpoints are empty then. `host_key` is empty where the
    provider cannot read it.
    """

    name: str
    address: str
    ssh_host: str
    ssh_port: int
    ssh_user: str
    exporter_host: str
    exporter_port: int
    provider_ref: str
    # "ssh-ed25519 AAAA…", read past the network, so that the first connection is checked as well.
    host_key: str
    # The hypervisor's host that it runs on, where the provider knows one.
    placement: str = ""
    power: Power = "unknown"


class ProviderError(CausedError):
    """The provider could not do what was asked."""


class MachineNotReady(ProviderError):
    """The machine was started but does not answer."""

    def __init__(self, *, name: str, reason: Reason) -> None:
        super().__init__(f"machine {name} is not ready: {reason.text}", *reason.causes)
        self.name = name


def no_greeting(seconds: float) -> Reason:
    """Why a machine is not ready that was waited for so long."""
    return Reason.of(f"no SSH server answers after {seconds:.0f} s", "no-greeting", seconds=round(seconds))


class ForeignMachine(ProviderError):
    """The reference names something that this installation did not make, and so must not touch."""

    def __init__(self, *, provider_ref: str) -> None:
        text = f"{provider_ref} does not belong to this installation"
        super().__init__(text, Cause.of("machine-foreign", reference=provider_ref))
        self.provider_ref = provider_ref


class Provider(Protocol):
    """Where machines come from. Every call may be repeated after it failed half-way."""

    async def discover(self) -> list[Machine]:
        """All machines of this installation that the provider has, by name."""

    async def create(self, name: str) -> Machine:
        """A new machine of this name; it answers on SSH when this returns."""

    async def recycle(self, provider_ref: str) -> Machine:
        """The machine as new: nothing of its past is left, and its host key is another."""

    async def destroy(self, provider_ref: str) -> None:
        """The machine goes; one that is gone already is no error."""


@runtime_checkable
class Announcing(Protocol):
    """A provider that tells when something happens to its machines, rather than having to be asked."""

    def changes(self) -> AsyncGenerator[None]:
        """Once when it is listened to, and then after each thing that happened, the platform's own doings among
        them. Ends with ProviderError when it cannot be heard, or no more.
        """
