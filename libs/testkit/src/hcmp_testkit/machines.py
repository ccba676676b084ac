"""Machines as they enter the pool in tests."""

from typing import Any

from hcmp_contracts.vm import VmRegistered


def registered(name: str, **facts: Any) -> VmRegistered:
    """A machine that no provider made, so that what is released stays out of the pool; `facts` are its own."""
    machine = {
        "name": name,
        "address": name,
        "ssh_host": "127.0.0.1",
        "ssh_port": 22,
        "ssh_user": "hcmp",
        "exporter_host": "127.0.0.1",
        "exporter_port": 9100,
        "provider": "static",
        "provider_ref": name,
        "host_key": f"key of {name}",
    }
    return VmRegistered.model_validate(machine | facts)
