"""Structured logs, one JSON object a line, in which values named like secrets never appear."""

import json
import logging
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

# A WebSocket's one-time ticket stands in its address, and servers log addresses.
_TICKET = re.compile(r"(ticket=)[^&\s\"']+")
_SECRET_WORDS = ("password", "secret", "token", "credential", "authorization", "cookie", "private_key", "ticket")

# What JSON lets stand as it is, while a terminal takes it for an order, and some readers for the end of a line.
_CONTROLS = re.compile(r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def one_line(event: Any, **options: Any) -> str:
    """JSON in one line, in which nothing that somebody wrote ends the line or moves a terminal's cursor."""
    text = json.dumps(event, ensure_ascii=False, **options)
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank the values of keys that name a secret, and tickets in any text."""
    for key in event:
        if any(word in key.lower() for word in _SECRET_WORDS):
            event[key] = "***"
        elif isinstance(event[key], str):
            event[key] = _TICKET.sub(r"\1***", event[key])
    return event


def configure(service: str, level: str) -> None:
    """Send structlog and the standard library's logging to standard error as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(one_line),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "asyncssh", "nats"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)
