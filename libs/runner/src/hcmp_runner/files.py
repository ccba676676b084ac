"""The files of one run, in a directory of its own that only this user reads and that lies in memory."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hcmp_runner.plan import Plan, PlannedMachine

LOCK = "lock"
SSH_PORT = 22
# Machines have names that begin with a letter or a digit, so that none has this one. OpenSSH finds the certificate
# of a key by its name.
IDENTITY = "keys/_run"
CERTIFICATE = f"{IDENTITY}-cert.pub"

# `pexpect_timeout`: how long a quiet Ansible is waited for before its exit is looked at again.
RUNNER_SETTINGS = {"pexpect_timeout": 1, "suppress_output_file": True}


@contextmanager
def run_files(plan: Plan) -> Iterator[Path]:
    """Make the run's directory and everything in it; nothing of it is left afterwards.

    While it exists its lock is held, which tells a live run's directory from one that was left behind.
    """
    directory = plan.directory
    shutil.rmtree(directory, ignore_errors=True)
    directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.mkdir(mode=0o700)
    try:
        with (directory / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write_all(plan, directory)
            yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _write_all(plan: Plan, directory: Path) -> None:
    for name in ("c", "tmp", "home", "env", "project", "keys"):
        (directory / name).mkdir(mode=0o700)
    _write(directory / "env" / "settings", json.dumps(RUNNER_SETTINGS))
    _write(directory / "known_hosts", "".join(f"{known_host(machine)}\n" for machine in plan.machines))
    for machine in plan.machines:
        if machine.private_key:
            _write_key(directory / "keys" / machine.name, machine.private_key)
    if plan.identity is not None:
        _write(directory / IDENTITY, plan.identity.private_key)
        _write(directory / CERTIFICATE, plan.identity.certificate + "\n")
    _write(directory / "hosts.json", json.dumps(inventory(plan, directory)))
    plays = [{"import_playbook": str(plan.playbooks / "plays" / play)} for play in plan.plays]
    _write(directory / "project" / "site.yml", json.dumps(plays))


def renew_certificate(directory: Path, certificate: str) -> None:
    """Exchange the run's certificate, for the connections to come. Raises OSError when the run is over."""
    fresh = directory / f"{CERTIFICATE}.new"
    fresh.unlink(missing_ok=True)
    _write(fresh, certificate + "\n")
    fresh.replace(directory / CERTIFICATE)


def _write_key(path: Path, credential: str) -> None:
    """A private key, and what stands behind it: its certificate, which OpenSSH finds by its name."""
    head, end, rest = credential.partition("-----END ")
    label, _, certificate = rest.partition("\n")
    _write(path, f"{head}{end}{label}".rstrip() + "\n")
    if certificate.strip():
        _write(path.with_name(f"{path.name}-cert.pub"), certificate.strip() + "\n")


def _write(path: Path, text: str) -> None:
    """Write a file that was never, not for a moment, readable by others."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def known_host(machine: PlannedMachine) -> str:
    """A line of known_hosts, in which OpenSSH looks for the port only where it is not its own."""
    host = machine.ssh_host if machine.ssh_port == SSH_PORT else f"[{machine.ssh_host}]:{machine.ssh_port}"
    return f"{host} {machine.host_key}"


def inventory(plan: Plan, directory: Path) -> dict[str, Any]:
    """The machines in the groups of their roles; every text of it is data, never a template."""
    groups: dict[str, Any] = {}
    for machine in plan.machines:
        hosts = groups.setdefault(machine.role, {"hosts": {}})["hosts"]
        hosts[machine.name] = unsafe(_host_variables(machine, plan, directory))
    return {"all": {"children": groups, "vars": unsafe(plan.variables)}}


def _host_variables(machine: PlannedMachine, plan: Plan, directory: Path) -> dict[str, Any]:
    variables = {
        "ansible_host": machine.ssh_host,
        "ansible_port": machine.ssh_port,
        "ansible_user": machine.ssh_user,
        "hcmp_address": machine.address,
    }
    if machine.password:
        variables["ansible_become_password"] = machine.password
    if machine.by_certificate and plan.identity is not None:
        return variables | {"ansible_ssh_private_key_file": str(directory / IDENTITY)}
    if machine.password:
        return variables | {"ansible_password": machine.password}
    key = directory / "keys" / machine.name if machine.private_key else plan.platform_key
    return variables | ({} if key is None else {"ansible_ssh_private_key_file": str(key)})


def unsafe(value: Any) -> Any:
    """The value with every text in it marked as data that Ansible must not read as a template.

    Source: ansible/parsing/ajson.py, `__ansible_unsafe`.
    """
    match value:
        case str():
            return {"__ansible_unsafe": value}
        case dict():
            return {key: unsafe(item) for key, item in value.items()}
        case list() | tuple():
            return [unsafe(item) for item in value]
        case _:
            return value
