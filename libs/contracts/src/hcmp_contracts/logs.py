"""The frames of a project's log: what the stream LOGS stores and what `/ws/logs/{project_id}` sends.

A project's frames are numbered 1, 2, 3 … without gap or repeat. They are stored in chunks, one message
of the subject `hcmp.log.<project id>` each, so that a chatty play costs few messages.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from hcmp_contracts.envelope import Fact

StepStatus = Literal["running", "succeeded", "failed"]


class LineFrame(Fact):
    """One line of output; `vm` is the machine it speaks of, absent for the run as a whole."""

    seq: int
    type: Literal["line"] = "line"
    time: datetime
    vm: str | None = None
    text: str


class StepFrame(Fact):
    """A step began or ended."""

    seq: int
    type: Literal["step"] = "step"
    number: int
    name: str
    status: StepStatus


class EndFrame(Fact):
    """The run is over; nothing follows. Never stored: the project's own status says it."""

    type: Literal["end"] = "end"
    status: str


LogFrame = Annotated[LineFrame | StepFrame, Field(discriminator="type")]


class LogChunk(Fact):
    """Consecutive frames; the first has the sequence number `frames[0].seq`."""

    frames: list[LogFrame]
