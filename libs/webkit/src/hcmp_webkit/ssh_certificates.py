"""How a service gets to machines: by an SSH certificate that the auth service signs for one purpose and a short
time.

The private key is made here, for this one purpose, and never leaves the process but for a file that whoever runs
OpenSSH writes. Only the public key travels.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from nats.aio.client import Client
from nats.errors import Error as NatsError

RPC_SECONDS = 5.0


class CertificateUnavailableError(Exception):
    """There is no certificate now: the auth service, the broker or the log does not answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"There is no SSH certificate for the machines at the moment: {reason}.")


class CertificateRefusedError(Exception):
    """There is no certificate for this; asking again changes nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"There is no SSH certificate for this: {reason}.")


@dataclass(frozen=True)
class EphemeralKey:
    """A key pair for one run, session or probe, in OpenSSH's formats."""

    private: str = field(repr=False)
    public: str

    @classmethod
    def generate(cls) -> Self:
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        return cls(
            private.decode(), key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        )


@dataclass(frozen=True)
class SshCertificate:
    """`text` in OpenSSH's format, as a `-cert.pub` file holds it."""

    text: str
    valid_before: datetime


@dataclass(frozen=True)
class SshCertificates:
    """Requests over the broker, which lets each service ask for its own purpose only.

    Each raises CertificateUnavailableError and CertificateRefusedError.
    """

    client: Client
    seconds: float = RPC_SECONDS

    async def for_run(self, project_id: str, key: EphemeralKey) -> SshCertificate:
        """For all machines that the project holds and that certificates open."""
        return await self._certificate("run", {"project_id": project_id, "public_key": key.public})

    async def for_session(self, vm_id: str, account_id: str, key: EphemeralKey) -> SshCertificate:
        question = {"vm_id": vm_id, "account_id": account_id, "public_key": key.public}
        return await self._certificate("session", question)

    async def for_probe(self, machines: Sequence[str], key: EphemeralKey) -> SshCertificate:
        """For machines of these names, 256 at most."""
        return await self._certificate("probe", {"machines": list(machines), "public_key": key.public})

    async def authorities(self) -> list[str]:
        """The public keys that machines are to trust."""
        answer = await self._ask("ssh-authorities", {})
        return [str(key) for key in answer["keys"]]

    async def _certificate(self, purpose: str, question: Mapping[str, object]) -> SshCertificate:
        answer = await self._ask(f"ssh-certificate.{purpose}", question)
        return SshCertificate(str(answer["certificate"]), datetime.fromisoformat(answer["valid_before"]))

    async def _ask(self, verb: str, question: Mapping[str, object]) -> dict[str, Any]:
        try:
            message = await self.client.request(
                f"hcmp.rpc.auth.{verb}", json.dumps(question).encode(), timeout=self.seconds
            )
        except NatsError as silence:
            raise CertificateUnavailableError("the auth service does not answer") from silence
        answer: dict[str, Any] = json.loads(message.data)
        match answer.get("error"):
            case None:
                return answer
            case "certificate-refused" | "malformed-request" as slug:
                raise CertificateRefusedError(str(answer.get("detail", slug)))
            case "log-unavailable":
                raise CertificateUnavailableError(
                    "the event log does not answer, and none is issued without a record"
                )
            case slug:
                raise CertificateUnavailableError(f"the auth service failed ({slug})")
