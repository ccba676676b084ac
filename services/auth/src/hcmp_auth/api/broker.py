"""What other services ask over the broker, where the answer must not be stored.

Copies of this service share the requests: a queue group gives each to one of them.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from hcmp_auth.api.models import (
    PasswordQuestion,
    ProbeCertificateQuestion,
    RunCertificateQuestion,
    SessionCertificateQuestion,
    TicketQuestion,
)
from hcmp_auth.api.parts import Parts
from hcmp_auth.domain.ssh_certificate import CertificateRefusedError
from hcmp_auth.handlers.certificates import CertificateOffice, IssuedCertificate
from hcmp_auth.handlers.errors import PasswordsBusyError, TooManyAttemptsError
from hcmp_auth.handlers.tickets import TicketRefusedError
from hcmp_eventstore.errors import EventStoreError
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

    answers = {"jwks": jwks, "redeem-ticket": redeem_ticket, "verify-password": verify_password}
    await _subscribe(client, answers)
    await answer_certificate_requests(client, auth.certificates)


async def answer_certificate_requests(client: Client, office: CertificateOffice) -> None:
    """A subject a purpose: the broker lets each service ask for its own only."""

    async def authorities(_: bytes) -> Answer:
        return {"keys": office.authority.public_keys()}

    async def for_run(data: bytes) -> Answer:
        question = RunCertificateQuestion.model_validate_json(data)
        return _certificate(await office.for_run(str(question.project_id), question.public_key))

    async def for_session(data: bytes) -> Answer:
        question = SessionCertificateQuestion.model_validate_json(data)
        vm_id, account_id = str(question.vm_id), str(question.account_id)
        return _certificate(await office.for_session(vm_id, account_id, question.public_key))

    async def for_probe(data: bytes) -> Answer:
        question = ProbeCertificateQuestion.model_validate_json(data)
        return _certificate(await office.for_probe(question.machines, question.public_key))

    answers = {
        "ssh-authorities": authorities,
        "ssh-certificate.run": for_run,
        "ssh-certificate.session": for_session,
        "ssh-certificate.probe": for_probe,
    }
    await _subscribe(client, answers)


async def _subscribe(client: Client, answers: Mapping[str, Callable[[bytes], Awaitable[Answer]]]) -> None:
    for verb, answer in answers.items():
        await client.subscribe(f"hcmp.rpc.auth.{verb}", queue=QUEUE, cb=_responder(answer))


def _certificate(issued: IssuedCertificate) -> Answer:
    return {"certificate": issued.certificate, "valid_before": issued.valid_before.isoformat()}


def _responder(answer: Callable[[bytes], Awaitable[Answer]]) -> Callable[[Msg], Awaitable[None]]:
    async def respond(message: Msg) -> None:
        await message.respond(json.dumps(await _answer(answer, message)).encode())

    return respond


async def _answer(answer: Callable[[bytes], Awaitable[Answer]], message: Msg) -> Answer:
    try:
        return await answer(message.data)
    except Exception as error:  # whoever asks must not wait for an answer that never comes
        if refusal := _refusal(error):
            return refusal
        log.exception("request_failed", subject=message.subject)
        return {"error": "internal-error"}


def _refusal(error: Exception) -> Answer | None:
    """What to answer to an error that is foreseen."""
    answer: Answer | None = None
    match error:
        case ValidationError():
            answer = {"error": "malformed-request"}
        case TicketRefusedError(slug=slug):
            answer = {"error": slug}
        case TooManyAttemptsError(retry_after=retry_after):
            answer = {"ok": False, "error": "too-many-attempts", "retry_after": retry_after}
        case PasswordsBusyError():
            answer = {"ok": False, "error": "sign-in-busy"}
        case CertificateRefusedError():
            answer = {"error": "certificate-refused", "detail": str(error)}
        case EventStoreError():
            answer = {"error": "log-unavailable", "detail": str(error)}
        case _:
            pass
    return answer


def _principal(principal: Principal) -> dict[str, str]:
    return {
        "id": principal.account_id,
        "username": principal.username,
        "role": str(principal.role),
        "sid": principal.session_id,
        "issued_at": principal.issued_at.isoformat(),
        "expires_at": principal.expires_at.isoformat(),
    }
