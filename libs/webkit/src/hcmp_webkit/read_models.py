"""`status`, `verify`, `rebuild`, `prune`: a service looks after its own read model, asked by whoever operates it.

Each service offers `python -m hcmp_<service>.read_model <task>` with the settings of its process, so that nobody
else needs to know its tables or its password. The answer is one line of JSON on standard output.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from hcmp_eventstore.comparison import compare
from hcmp_eventstore.projection import ReadModel
from hcmp_eventstore.rebuild import rebuild
from hcmp_eventstore.schemas import RebuildError, prune, statuses
from hcmp_eventstore.store import EventStore
from hcmp_webkit import logs
from hcmp_webkit.platform import open_broker
from hcmp_webkit.settings import ServiceSettings

TASKS = ("status", "verify", "rebuild", "prune")


def command(model: ReadModel, service: str, arguments: Sequence[str] | None = None) -> None:
    """Do the task that the command line names; what cannot be done now ends with 1 and its reason."""
    parser = argparse.ArgumentParser(description=f"Look after the read model of {service}.")
    parser.add_argument("task", choices=TASKS)
    task = parser.parse_args(arguments).task
    settings = ServiceSettings()
    logs.configure(service, "WARNING")
    try:
        answer = asyncio.run(_done(task, model, service, settings))
    except RebuildError as reason:
        raise SystemExit(str(reason)) from None
    sys.stdout.write(json.dumps(answer) + "\n")


async def _done(task: str, model: ReadModel, service: str, settings: ServiceSettings) -> Any:
    database_url = settings.database_url.get_secret_value()
    async with open_broker(settings, name=f"{service}-{task}") as client:
        store = EventStore(client, source=service)
        match task:
            case "status":
                return [
                    asdict(status) | {"can_go": status.can_go}
                    for status in await statuses(store, database_url, model)
                ]
            case "verify":
                return asdict(await compare(store, database_url, model))
            case "rebuild":
                return asdict(await rebuild(store, database_url, model))
            case _:
                return await prune(store, database_url, model)
