"""The envelope of every event of the log: CloudEvents 1.0, structured JSON, with three extensions.

Source of the format: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict


class Fact(BaseModel):
    """A value inside an event: immutable, and tolerant of fields that a newer version wrote."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class DomainEvent(Fact):
    """The `data` of one event. Its stored name is explicit, so moving a class never breaks history."""

    event_type: ClassVar[str]

    @classmethod
    def aggregate(cls) -> str:
        """The aggregate's kind, the second word of the type: `vm` of `hcmp.vm.reserved.v1`."""
        return cls.event_type.split(".")[1]

    @classmethod
    def verb(cls) -> str:
        """What happened, the third word of the type: `reserved` of `hcmp.vm.reserved.v1`."""
        return cls.event_type.split(".")[2]


class CloudEvent(BaseModel):
    """One event as it stands in the log and as external consumers read it.

    `actor` says who (`account/<id>` or `service/<name>`), `correlationid` the request or project that
    set it off, `causationid` the event that did.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    actor: str
    correlationid: str
    causationid: str | None = None
    data: dict[str, Any]
