"""What other services ask over the broker, where the answer must not be stored.

Copies of this service share the requests: a queue group gives each to one of them.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from hcmp_auth.api.models import PasswordQuestion, TicketQuestion
from hcmp_auth.api.parts import Parts
from hcmp_auth.handlers.errors import PasswordsBusyError, TooManyAttemptsError
from hcmp_auth.handlers.tickets import TicketRefusedError
from hcmp_webkit.identity import Principal

log = structlog.get_logger(__name__)

QUEUE = "auth"

Answer = dict[str, Any]


async def answer_requests(client: Client, auth: Parts) -> None:
    """Subscribe; the subscriptions live as long as the connection, through every reconnection."""

    async def jwks(_: bytes) -> Answer:
        return auth.jwks

    async def redeem_ticket(data: bytes) -> Answer:
        question = TicketQuestion.model_validate_json(data)
        return {"account": _principal(await auth.tickets.redeem(question.ticket, question.target))}

    async def verify_password(data: bytes) -> Answer:
        question = PasswordQuestion.model_validate_json(data)
        password = question.password.get_secret_value()
        return {"ok": await auth.sign_in.verify_password(str(question.account_id), password)}

    for verb, answer in (
        ("jwks", jwks),
        ("redeem-ticket", redeem_ticket),
        ("verify-password", verify_password),
    ):
        await client.subscribe(f"hcmp.rpc.auth.{verb}", queue=QUEUE, cb=_responder(answer))


def _responder(answer: Callable[[bytes], Awaitable[Answer]]) -> Callable[[Msg], Awaitable[None]]:
    async def respond(message: Msg) -> None:
        await message.respond(json.dumps(await _answer(answer, message)).encode())

    return respond


async def _answer(answer: Callable[[bytes], Awaitable[Answer]], message: Msg) -> Answer:
    try:
        return await answer(message.data)
    except ValidationError:
        return {"error": "malformed-request"}
    except TicketRefusedError as error:
        return {"error": error.slug}
    except TooManyAttemptsError as error:
        return {"ok": False, "error": "too-many-attempts", "retry_after": error.retry_after}
    except PasswordsBusyError:
        return {"ok": False, "error": "sign-in-busy"}
    except Exception:  # whoever asks must not wait for an answer that never comes
        log.exception("request_failed", subject=message.subject)
        return {"error": "internal-error"}


def _principal(principal: Principal) -> dict[str, str]:
    return {
        "id": principal.account_id,
        "username": principal.username,
        "role": str(principal.role),
        "sid": principal.session_id,
        "issued_at": principal.issued_at.isoformat(),
        "expires_at": principal.expires_at.isoformat(),
    }
