"""What other services ask of the auth service, answered over a real broker: keys and tickets; and tokens to go
with them, for any account that a test thinks of.
"""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from nats.aio.client import Client
from nats.aio.msg import Msg

KEY_ID = "test"
TOKEN_SECONDS = 900


@dataclass(frozen=True)
class Account:
    """Somebody who is signed in."""

    username: str
    role: str = "user"
    id: str = field(default_factory=lambda: str(uuid4()))


@dataclass
class Issuer:
    """Signs tokens, gives tickets, and `answers` for both."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    tickets: dict[tuple[str, str], Account] = field(default_factory=dict)

    def token(self, account: Account, *, seconds: float = TOKEN_SECONDS) -> str:
        now = time.time()
        claims = {
            "iss": "hcmp",
            "aud": "hcmp",
            "sub": account.id,
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + seconds,
            "username": account.username,
            "role": account.role,
            "sid": f"session-of-{account.username}",
        }
        return jwt.encode(claims, self.key, "EdDSA", headers={"typ": "at+jwt", "kid": KEY_ID})

    def headers(self, account: Account, *, seconds: float = TOKEN_SECONDS) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(account, seconds=seconds)}"}

    def ticket(self, account: Account, target: str) -> str:
        """Good once, for this target."""
        ticket = uuid4().hex
        self.tickets[ticket, target] = account
        return ticket

    @asynccontextmanager
    async def answering(self, client: Client) -> AsyncIterator[None]:
        """While inside, whoever asks the auth service on this broker gets an answer from here."""
        subscriptions = [
            await client.subscribe("hcmp.rpc.auth.jwks", cb=self._jwks),
            await client.subscribe("hcmp.rpc.auth.redeem-ticket", cb=self._redeem),
        ]
        await client.flush()
        yield
        for subscription in subscriptions:
            await subscription.unsubscribe()

    async def _jwks(self, message: Msg) -> None:
        jwk = OKPAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        keys = [{**jwk, "kid": KEY_ID, "alg": "EdDSA", "use": "sig"}]
        await message.respond(json.dumps({"keys": keys}).encode())

    async def _redeem(self, message: Msg) -> None:
        asked = json.loads(message.data)
        account = self.tickets.pop((asked["ticket"], asked["target"]), None)
        answer: dict[str, Any] = {"error": "invalid-ticket"}
        if account is not None:
            now = time.time()
            answer = {
                "account": {
                    "id": account.id,
                    "username": account.username,
                    "role": account.role,
                    "sid": f"session-of-{account.username}",
                    "issued_at": datetime.fromtimestamp(now, UTC).isoformat(),
                    "expires_at": datetime.fromtimestamp(now + TOKEN_SECONDS, UTC).isoformat(),
                }
            }
        await message.respond(json.dumps(answer).encode())
