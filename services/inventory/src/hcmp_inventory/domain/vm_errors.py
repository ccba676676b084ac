"""Why a machine does not do what was asked, each with the facts that a caller needs."""

from typing import Literal

from hcmp_contracts.cause import Cause
from hcmp_inventory.domain.causes import CausedError

Attempted = Literal[
    "recycle", "maintenance", "return", "release-quarantine", "quarantine", "finish-recycle", "retire"
]


class VmUnknownError(Exception):
    """There is no such machine, or not any more."""


class VmNameTakenError(CausedError):
    """Another machine of the pool has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"a machine named {name} is registered already", Cause.of("name-taken", name=name))
        self.name = name


class VmNotAvailableError(Exception):
    """The machine is not as the one who picked it thought: somebody else has it, or it was made anew."""

    def __init__(self, name: str, status: str) -> None:
        super().__init__(f"{name} is {status}")
        self.name = name
        self.status = status


class VmNotHeldError(Exception):
    """The project does not hold this machine."""

    def __init__(self, name: str, project_id: str) -> None:
        super().__init__(f"{name} is not held by project {project_id}")
        self.name = name
        self.project_id = project_id


class VmInUseError(Exception):
    """A project holds the machine; it must give it back first."""

    def __init__(self, name: str, project_id: str) -> None:
        super().__init__(f"{name} is held by project {project_id}")
        self.name = name
        self.project_id = project_id


class VmWrongStatusError(Exception):
    """What was asked is not possible for a machine in this status."""

    def __init__(self, name: str, status: str, attempted: Attempted) -> None:
        super().__init__(f"{name} is {status}: {attempted} is not possible")
        self.name = name
        self.status = status
        self.attempted = attempted
