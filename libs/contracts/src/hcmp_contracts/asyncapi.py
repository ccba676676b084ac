"""The catalogue of all events as an AsyncAPI 3.0 document, for programs that read the log with no library of ours.

`python -m hcmp_contracts.asyncapi FOLDER` prints it with the stored examples of FOLDER; a service serves the same
without examples.

Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

import inspect
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, JsonValue
from pydantic.json_schema import models_json_schema

from hcmp_contracts.catalogue import EVENTS, subject_of
from hcmp_contracts.envelope import CloudEvent, DomainEvent

Document = dict[str, JsonValue]
Examples = Mapping[str, JsonValue]

DESCRIPTION = (
    "Every change of the platform is an event of one NATS JetStream stream, `EVENTS`. Read it with a consumer of "
    "your own and the user `consumer`; the order of events is their stream sequence. Each message is a CloudEvent "
    "1.0 in structured JSON. Types are versioned and never change their meaning; fields may be added, so ignore "
    "what you do not know."
)


def document(examples: Examples | None = None) -> Document:
    """The AsyncAPI document. `examples` are stored envelopes by event type."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "H-CMP events",
            "version": "1",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "broker": {
                "host": "{address}",
                "protocol": "nats",
                "description": "JetStream, stream EVENTS",
                "variables": {"address": {"default": "127.0.0.1:8122"}},
                "security": [{"type": "userPassword"}],
            }
        },
        "channels": {_channel_name(event): _channel(event) for event in EVENTS.values()},
        "operations": {f"send.{_channel_name(event)}": _operation(event) for event in EVENTS.values()},
        "components": {
            "messages": {name: _message(event, (examples or {}).get(name)) for name, event in EVENTS.items()},
            "schemas": _schemas([CloudEvent, *EVENTS.values()]),
        },
    }


def summary(model: type[BaseModel]) -> str:
    """What a model's own docstring says, "" when it has none."""
    return inspect.cleandoc(vars(model).get("__doc__") or "")


def _channel_name(event: type[DomainEvent]) -> str:
    return f"{event.aggregate()}.{event.verb()}"


def _reference(*path: str) -> Document:
    return {"$ref": "#/" + "/".join(path)}


def _channel(event: type[DomainEvent]) -> JsonValue:
    versions = [name for name, other in EVENTS.items() if _channel_name(other) == _channel_name(event)]
    return {
        "address": subject_of(event, "{id}"),
        "description": f"`{event.verb()}` of one {event.aggregate()}",
        "parameters": {"id": {"description": f"the {event.aggregate()}'s id"}},
        "messages": {name: _reference("components", "messages", name) for name in versions},
    }


def _operation(event: type[DomainEvent]) -> JsonValue:
    return {"action": "send", "channel": _reference("channels", _channel_name(event))}


def _message(event: type[DomainEvent], example: JsonValue) -> JsonValue:
    message: Document = {
        "name": event.event_type,
        "title": event.__name__,
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                _reference("components", "schemas", "CloudEvent"),
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": event.event_type},
                        "data": _reference("components", "schemas", event.__name__),
                    },
                },
            ]
        },
    }
    if text := summary(event):
        message["summary"] = text
    if example is not None:
        message["examples"] = [{"payload": example}]
    return message


def _schemas(models: Iterable[type[BaseModel]]) -> JsonValue:
    template = "#/components/schemas/{model}"
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=template)
    schemas: JsonValue = definitions["$defs"]
    return schemas


def stored_examples(folder: Path) -> Examples:
    """The stored envelopes in a folder of golden files, `<event type>.json` each."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def main() -> None:
    printed = document(stored_examples(Path(sys.argv[1])))
    sys.stdout.write(json.dumps(printed, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
