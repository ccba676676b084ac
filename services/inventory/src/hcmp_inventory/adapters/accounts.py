"""Questions to the auth service, as requests over the broker that store nothing."""

import json

from nats.aio.client import Client
from nats.errors import Error as NatsError

from hcmp_inventory.ports.services import AccountsUnavailableError, TooManyAttemptsError, WrongPasswordError

ANSWER_SECONDS = 5.0


class RemoteAccounts:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def verify_password(self, account_id: str, password: str) -> None:
        question = json.dumps({"account_id": account_id, "password": password}).encode()
        try:
            answer = await self._client.request("hcmp.rpc.auth.verify-password", question, timeout=ANSWER_SECONDS)
        except NatsError as silence:
            raise AccountsUnavailableError from silence
        match json.loads(answer.data):
            case {"ok": True}:
                return
            case {"error": "too-many-attempts", "retry_after": retry_after}:
                raise TooManyAttemptsError(retry_after)
            case {"error": _}:
                raise AccountsUnavailableError
            case _:
                raise WrongPasswordError
