"""The text frames of `/ws/ssh/{machine}`; terminal bytes are binary frames both ways."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError


class Incoming(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Resize(Incoming):
    type: Literal["resize"]
    columns: int = Field(ge=1, le=1000, strict=True)
    rows: int = Field(ge=1, le=1000, strict=True)


class Auth(Incoming):
    """A login that somebody typed, for a machine that neither the platform's key nor its credential opens."""

    type: Literal["auth"]
    username: str = Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")
    password: SecretStr = Field(min_length=1, max_length=1024)


class Ready(BaseModel):
    """The shell runs; what was typed before is sent to it now."""

    type: Literal["ready"] = "ready"


class Exit(BaseModel):
    """The shell ended; `status` is null when a signal ended it."""

    type: Literal["exit"] = "exit"
    status: int | None


class Failure(BaseModel):
    """What went wrong. Only after `authentication-required` does the socket stay open."""

    type: Literal["error"] = "error"
    slug: str
    detail: str


_CLIENT: TypeAdapter[Resize | Auth] = TypeAdapter(Annotated[Resize | Auth, Field(discriminator="type")])


class MalformedFrameError(Exception):
    """A text frame that is none of ours."""


def parse(text: str) -> Resize | Auth:
    """Raises MalformedFrameError, which never repeats the frame: it may hold a password."""
    try:
        return _CLIENT.validate_json(text)
    except ValidationError as error:
        raise MalformedFrameError from error
