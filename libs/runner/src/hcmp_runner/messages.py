"""What the process of a run says, one line of JSON on its standard output each."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Outcome = Literal["ok", "changed", "skipped", "failed", "unreachable"]


class Said(BaseModel):
    model_config = ConfigDict(frozen=True)


class Line(Said):
    """One line of Ansible's output; `vm` is the machine that it speaks of."""

    kind: Literal["line"] = "line"
    vm: str | None
    text: str


class PlayBegan(Said):
    """`play` tells plays apart; a play in batches begins once for each."""

    kind: Literal["play"] = "play"
    play: str


class TaskEnded(Said):
    """A task ended on a machine; `reason` is Ansible's, when it failed."""

    kind: Literal["task"] = "task"
    vm: str
    task: str
    outcome: Outcome
    reason: str = ""


class Tally(Said):
    """Ansible's own verdict at the end: machines on which something failed for good, or was out of reach."""

    kind: Literal["tally"] = "tally"
    failed: list[str]
    unreachable: list[str]


class Ended(Said):
    """The last word: the run is over, none of its processes lives, none of its files is left."""

    kind: Literal["ended"] = "ended"
    code: int
    stopped: bool


Message = Line | PlayBegan | TaskEnded | Tally | Ended

MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])
