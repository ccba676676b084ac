"""Serving an application with uvicorn, with the limits that an open port needs."""

import gc
from typing import Any

import uvicorn
from fastapi import FastAPI

from hcmp_webkit import logs
from hcmp_webkit.settings import ServiceSettings

MAX_FRAME_BYTES = 64 * 1024
SHUTDOWN_SECONDS = 5


def serve(app: FastAPI, settings: ServiceSettings, *, service: str) -> None:
    """Serve until the process is told to stop. WebSocket frames above MAX_FRAME_BYTES close with 1009."""
    logs.configure(service, settings.log_level)
    # What the imports have made stays for ever: a full collection that goes through it holds up the event loop for
    # as long (80 ms were seen).
    gc.freeze()
    uvicorn.run(app, **options(settings))


def options(settings: ServiceSettings) -> dict[str, Any]:
    """What uvicorn is told."""
    return {
        "host": settings.host,
        "port": settings.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "ws": "websockets-sansio",
        "ws_max_size": MAX_FRAME_BYTES,
        "ws_per_message_deflate": False,
        "ws_ping_interval": 15,
        "ws_ping_timeout": 20,
        "timeout_graceful_shutdown": SHUTDOWN_SECONDS,
        "forwarded_allow_ips": settings.gateway_addresses,
    }
