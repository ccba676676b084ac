"""What a backup says of itself: what is in it, from when, and the hash of each part."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

Json = dict[str, JsonValue]

MANIFEST = "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Member(_Part):
    """One file inside the backup."""

    path: str
    size: int
    sha256: str


class ConsumerPlace(_Part):
    """A durable reaction, and the last sequence up to which everything was done when the backup began."""

    name: str
    config: Json
    done: int


class StreamRecord(_Part):
    """One stream: `config` and `state` are the broker's own words, given back to it at the restore."""

    name: str
    member: str
    config: Json
    state: Json
    first_sequence: int
    last_sequence: int
    messages: int
    consumers: list[ConsumerPlace]

    @property
    def is_whole(self) -> bool:
        """Whether no message is missing, which must be so of the event log and need not be of others."""
        return self.messages == self.last_sequence and self.first_sequence <= 1


class Manifest(_Part):
    """Written last: a backup without one was not finished.

    `fingerprints` are the SHA-256 of the installation's keys, so that keys that are kept elsewhere can be told
    from others.
    """

    format: Literal[1] = 1
    platform_version: str
    taken_at: datetime
    streams: list[StreamRecord]
    members: list[Member]
    fingerprints: dict[str, str] = {}

    def stream(self, name: str) -> StreamRecord | None:
        return next((record for record in self.streams if record.name == name), None)
