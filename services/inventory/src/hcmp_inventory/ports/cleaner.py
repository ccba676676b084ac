"""Cleaning a machine that nobody can make anew."""

from collections.abc import Collection
from typing import Protocol

from hcmp_contracts.vm import VmRegistered
from hcmp_inventory.domain.causes import CausedError
from hcmp_inventory.ports.connections import Login


class CleaningFailedError(CausedError):
    """The machine could not be cleaned; the message says what went wrong on it."""


class Cleaner(Protocol):
    async def clean(self, machine: VmRegistered, login: Login, left: Collection[str]) -> None:
        """Remove what a project left on the machine: these facts of a survey, and what every project leaves.

        May be repeated. Raises CleaningFailedError.
        """
