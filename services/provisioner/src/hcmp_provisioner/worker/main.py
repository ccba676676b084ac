"""The composition root of the worker: the only file of it that constructs things."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from uuid_utils.compat import uuid7

from hcmp_eventstore.store import EventStore, utc_now
from hcmp_provisioner.adapters.templates import load_templates
from hcmp_provisioner.settings import WorkerSettings
from hcmp_provisioner.worker.plans import Planner
from hcmp_provisioner.worker.reactions import SERVICE, Patience, Worker
from hcmp_runner.run_directory import prepare
from hcmp_webkit.app import create_app
from hcmp_webkit.platform import open_broker
from hcmp_webkit.serve import serve
from hcmp_webkit.ssh_certificates import SshCertificates
from hcmp_webkit.vault import Vault

PROCESS = "provisioner-worker"


def make_app(settings: WorkerSettings) -> FastAPI:
    """The worker behind a small application that tells its health and metrics."""
    planner = _planner(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(prepare, settings.run_directory)
        async with open_broker(settings, name=PROCESS) as client:
            store = EventStore(client, source=SERVICE)
            worker = Worker(
                store,
                planner,
                SshCertificates(client),
                utc_now,
                uuid7,
                name=f"{socket.gethostname()}-{os.getpid()}",
                hold=timedelta(seconds=settings.failed_hold_seconds),
                patience=Patience(settings.unreachable_seconds, settings.teardown_seconds),
            )
            tasks = [asyncio.create_task(reactor.run()) for reactor in worker.reactors(settings.worker_slots)]

            async def broker() -> str | None:
                return None if client.is_connected else "not connected to the broker"

            async def reactors() -> str | None:
                return "a reaction has ended" if any(task.done() for task in tasks) else None

            app.state.readiness.add("broker", broker)
            app.state.readiness.add("reactions", reactors)
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    return create_app(service=PROCESS, lifespan=lifespan)


def _planner(settings: WorkerSettings) -> Planner:
    return Planner(
        playbooks=settings.playbooks_dir.resolve(),
        run_directory=settings.run_directory.resolve(),
        platform_key=None if settings.ssh_key_file is None else settings.ssh_key_file.resolve(strict=True),
        vault=Vault(settings.fernet_keys.get_secret_value()),
        templates=load_templates(settings.playbooks_dir),
    )


def main() -> None:
    settings = WorkerSettings()
    serve(make_app(settings), settings, service=PROCESS)
