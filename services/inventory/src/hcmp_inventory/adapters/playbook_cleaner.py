"""Cleans a machine that was added by hand, with the playbook `plays/clean/machine.yml`, as a run of Ansible like
those that configure projects: its secrets in memory, its host key pinned, its processes ended.

What was found on the machine is what its former owner made of it, and is passed on as data only; of files only
those go that lie where people and templates put things, so that a home folder `/` removes no system.
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hcmp_contracts.cause import Cause
from hcmp_contracts.vm import VmRegistered
from hcmp_inventory.adapters.certificates import Pair
from hcmp_inventory.ports.cleaner import CleaningFailedError
from hcmp_inventory.ports.connections import Login
from hcmp_runner.messages import Message, TaskEnded
from hcmp_runner.plan import Identity, Plan, PlannedMachine, directory_of
from hcmp_runner.process import RunLostError, end_leftovers, run_process
from hcmp_runner.processes import ProcessesLeftError

PLAY = "clean/machine.yml"
ROLE = "machine"
CLEAN_SECONDS = 900.0
LONGEST_REASON = 300
PATHS = re.compile(
    r"/(?:root|opt|srv|usr/local/s?bin|home/[^/]+|etc/(?:hcmp|cron\.d|sudoers\.d|systemd/system|ssh/sshd_config\.d"
    r"|postgresql|nginx/conf\.d|nginx/sites-enabled|haproxy)"
    r"|var/lib/postgresql|var/spool/cron/crontabs)/[^/]+|/etc/hcmp|/etc/init\.d/hcmp-app|/etc/ssh/sshrc"
    r"|/etc/profile\.d/hcmp\.sh"
)
OF_PATHS = ("file", "cron", "sudoers", "unit")


class PlaybookCleaner:
    def __init__(
        self,
        *,
        playbooks: Path,
        run_directory: Path,
        platform_key: Path | None,
        certificate: Callable[[str], Awaitable[Pair]],
        seconds: float = CLEAN_SECONDS,
    ) -> None:
        self._playbooks = playbooks
        self._run_directory = run_directory
        self._platform_key = platform_key
        self._certificate = certificate
        self._seconds = seconds

    async def clean(self, machine: VmRegistered, login: Login, left: Collection[str]) -> None:
        run_id = f"clean{machine.name.replace('-', '')}"
        try:
            identity = _identity(await self._certificate(machine.name)) if machine.ssh_certificates else None
            plan = self._plan(run_id, machine, login, left)
            plan = plan.model_copy(update={"identity": identity})
            async with asyncio.timeout(self._seconds):
                await asyncio.to_thread(end_leftovers, run_id, self._run_directory)
                await _run(plan)
        except ValidationError as error:
            raise CleaningFailedError("the clean-up cannot be planned", Cause.of("clean-up-unplanned")) from error
        except TimeoutError as error:
            cause = Cause.of("clean-up-late", seconds=round(self._seconds))
            raise CleaningFailedError(f"the clean-up was not done within {self._seconds:.0f} s", cause) from error
        except (RunLostError, ProcessesLeftError, OSError) as error:
            raise CleaningFailedError("the process of the clean-up was lost", Cause.of("clean-up-lost")) from error

    def _plan(self, run_id: str, machine: VmRegistered, login: Login, left: Collection[str]) -> Plan:
        is_key = login.credential is not None and "-----BEGIN" in login.credential
        return Plan(
            run_id=run_id,
            directory=directory_of(self._run_directory, run_id, hold=secrets.token_hex(2)),
            playbooks=self._playbooks,
            plays=[PLAY],
            machines=[
                PlannedMachine(
                    name=machine.name,
                    role=ROLE,
                    address=machine.address,
                    ssh_host=login.host,
                    ssh_port=login.port,
                    ssh_user=login.user,
                    host_key=login.host_key,
                    by_certificate=machine.ssh_certificates,
                    private_key=login.credential if is_key else None,
                    password=None if is_key else login.credential,
                )
            ],
            platform_key=self._platform_key,
            variables={"clean_left": left_by_kind(left), "clean_user": login.user},
        )


def _identity(pair: Pair) -> Identity:
    """What opens the machine, as OpenSSH reads it."""
    key, certificate = pair
    return Identity(
        private_key=key.export_private_key().decode(),
        certificate=certificate.export_certificate().decode().strip(),
    )


def left_by_kind(left: Collection[str]) -> dict[str, Any]:
    """What the playbook removes, of what was found."""
    words = [fact.split(" ") for fact in left]
    paths = [" ".join(rest) for kind, *rest in words if kind in OF_PATHS]
    return {
        "users": [rest[0] for kind, *rest in words if kind == "user" and len(rest) == 1],
        "keys": [
            {"path": " ".join(rest[:-2]), "key": rest[-1]}
            for kind, *rest in words
            if kind == "key" and len(rest) > 2
        ],
        "paths": [path for path in paths if PATHS.fullmatch(path) and ".." not in path.split("/")],
        "packages": [rest[0] for kind, *rest in words if kind == "package" and len(rest) == 1],
        "processes": [rest[0] for kind, *rest in words if kind == "process" and rest[0].isdigit()],
    }


async def _run(plan: Plan) -> None:
    """Raises CleaningFailedError with what went wrong first."""
    reason = ""
    async with run_process(plan) as process:
        async for message in process.messages():
            reason = reason or _failure(message)
    if process.ended is None or process.ended.code != 0:
        if not reason:
            raise CleaningFailedError("the clean-up ended without a reason", Cause.of("clean-up-lost"))
        raise CleaningFailedError(reason, Cause.of("clean-up-failed", said=reason))


def _failure(message: Message) -> str:
    if not isinstance(message, TaskEnded) or message.outcome not in ("failed", "unreachable"):
        return ""
    first = (message.reason.splitlines() or [""])[0]
    return f"{message.task}: {first}"[:LONGEST_REASON]
