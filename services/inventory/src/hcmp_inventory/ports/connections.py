"""Connections to machines, and what can be wrong with them."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

from hcmp_contracts.cause import Cause
from hcmp_inventory.domain.causes import CausedError
from hcmp_inventory.domain.survey import Survey
from hcmp_inventory.domain.vitals import Vitals


@dataclass(frozen=True, slots=True)
class Login:
    """Where and how to sign in to the machine that the pool knows, or will know, as `machine`. A certificate is
    tried first; `credential` is in clear, and None means the platform's own key where there is one.
    """

    machine: str
    host: str
    port: int
    user: str
    host_key: str
    credential: str | None = field(repr=False)


# What kinds of silence and of refused addresses there are, for whoever says them in another language.
Silence = Literal["no-answer", "connection-refused", "no-route", "no-ssh"]
Objection = Literal[
    "unresolved", "metadata-service", "loopback", "no-address", "link-local", "multicast", "reserved"
]


class UnreachableError(CausedError):
    """No SSH server answers there in time."""

    def __init__(self, host: str, port: int, reason: str, *, silence: Silence = "no-ssh") -> None:
        cause = Cause.of(silence, host=host, port=port)
        super().__init__(f"{host}:{port} does not answer as an SSH server: {reason}", cause)
        self.host = host
        self.port = port


class HostKeyMismatchError(CausedError):
    """The machine shows another host key than the pinned one."""

    def __init__(self, pinned: str, presented: str) -> None:
        text = f"the host key is {presented}, pinned is {pinned}"
        super().__init__(text, Cause.of("host-key-mismatch", pinned=pinned, presented=presented))
        self.pinned = pinned
        self.presented = presented


class CredentialRefusedError(CausedError):
    """The machine is there, but does not let this user in with this credential."""

    def __init__(self, user: str, reason: str, cause: Cause) -> None:
        super().__init__(f"{user} is not let in: {reason}", cause)


class CertificateUnavailableError(CausedError):
    """Nothing else opens the machine, and there is no SSH certificate at the moment; the message says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text, Cause.of("certificate-unavailable"))


class CommandFailedError(CausedError):
    """The machine let the platform in, but did not do there what it was told: `cause`, or what it said itself."""

    def __init__(self, reason: str, cause: Cause | None = None) -> None:
        super().__init__(reason, cause or Cause.of("command-failed", said=reason))
        self.reason = reason


class AddressRefusedError(CausedError):
    """The platform does not connect to such an address."""

    def __init__(self, address: str, reason: str, *, objection: Objection) -> None:
        super().__init__(f"{address} is refused: {reason}", Cause.of(f"address-{objection}", address=address))
        self.address = address
        self.reason = reason
        self.objection: Objection = objection


class Prober(Protocol):
    """Connections to machines, bounded in time."""

    async def host_key(self, host: str, port: int) -> str:
        """The key that the machine shows at the first contact. Raises UnreachableError."""

    async def log_in(self, login: Login) -> bool:
        """Sign in, and by the machine's credential too if it has one; whether a certificate opens it.

        Raises UnreachableError, HostKeyMismatchError, CredentialRefusedError, CertificateUnavailableError.
        """

    async def vitals(self, login: Login) -> Vitals:
        """Sign in once and ask how the machine is. Raises what log_in raises, and CommandFailedError."""

    async def survey(self, login: Login) -> Survey:
        """Sign in once and look, as root, for what people could have put there; the platform's own keys, those
        of its authorities too, are left out. Raises what log_in raises, and CommandFailedError.
        """


# What may go wrong with one machine while the others are well.
CONNECTION_FAILURES = (
    UnreachableError,
    HostKeyMismatchError,
    CredentialRefusedError,
    CertificateUnavailableError,
    CommandFailedError,
)


class Addresses(Protocol):
    async def resolve(self, address: str) -> str:
        """The IP address to connect to: resolved once, and checked. Raises AddressRefusedError."""
