"""What the process of one run is told, as one line of JSON on its standard input."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# Stand in the environment of every process of a run: which run it is of, and which worker's hold on it.
MARKER = "HCMP_RUN_ID"
HOLD = "HCMP_RUN_HOLD"

# A host name in an inventory may be a pattern, such as web[1:9]; a machine's name must be only a name.
MachineName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$")]
GroupName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
HostKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\r\n]*)?$")]
Endpoint = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:._%-]{1,255}$")]
PlayFile = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*\.yml$")]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedMachine(Part):
    """A machine and how to open it: by the run's certificate, or by `password` or `private_key`, or by the
    platform's key when there is none of them. `host_key` is the pinned one; the machine must present it. By a
    certificate too the `password` is for `sudo`.
    """

    name: MachineName
    role: GroupName
    address: str
    ssh_host: Endpoint
    ssh_port: Annotated[int, Field(ge=1, le=65535)]
    ssh_user: str
    host_key: HostKey
    by_certificate: bool = False
    password: str | None = Field(default=None, repr=False)
    private_key: str | None = Field(default=None, repr=False)


class Identity(Part):
    """The key that was made for this run, and its certificate, in OpenSSH's formats."""

    private_key: str = Field(repr=False)
    certificate: str


class Plan(Part):
    """One run: the plays that are left, in order, on these machines. `directory` is this run's own, in memory;
    what people gave stands in `variables`, and reaches Ansible as data that Jinja never reads. A `check` is a dry
    run: Ansible says what it would change, and changes nothing.
    """

    run_id: str
    directory: Path
    playbooks: Path
    plays: list[PlayFile]
    machines: list[PlannedMachine]
    platform_key: Path | None = None
    identity: Identity | None = None
    variables: dict[str, Any]
    check: bool = False

    def secrets(self) -> list[str]:
        """Every secret that this run handles, to be masked wherever it might be printed."""
        texts = [text for machine in self.machines for text in (machine.password, machine.private_key) if text]
        if self.identity is not None:
            texts.append(self.identity.private_key)
        if self.platform_key is not None and self.platform_key.is_file():
            texts.append(self.platform_key.read_text(encoding="ascii", errors="replace"))
        return texts


def directory_of(run_directory: Path, run_id: str, hold: str = "") -> Path:
    """Where a run keeps its files, each hold on it apart: a worker that has lost the run may still be ending what
    it started when the next one begins. Short: OpenSSH's control sockets in it have at most 108 bytes of path.
    """
    return run_directory / f"{re.sub('[^0-9a-zA-Z]', '', run_id)[-12:]}{hold}"
