"""The AsyncAPI document is one, speaks of every event, and its schemas hold for what is stored."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from hcmp_contracts.asyncapi import document, stored_examples
from hcmp_contracts.catalogue import EVENTS

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "events"
# @asyncapi/specs 6.11.1 (npm, Apache-2.0), schemas/3.0.0-without-$id.json without its descriptions and examples.
SCHEMA = json.loads((HERE / "asyncapi-3.0.0.schema.json").read_text())


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return json.loads(json.dumps(document(stored_examples(GOLDEN))))  # type: ignore[no-any-return]


def test_the_document_is_valid_asyncapi(described: dict[str, Any]) -> None:
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(described)] == []


def test_the_validator_finds_what_is_wrong(described: dict[str, Any]) -> None:
    wrong = described | {"channels": {"vm.reserved": {"adress": "hcmp.vm.{id}.reserved"}}}
    assert not Draft7Validator(SCHEMA).is_valid(wrong)


def test_every_event_has_a_message_with_an_example_in_a_channel_that_is_sent(described: dict[str, Any]) -> None:
    messages = described["components"]["messages"]
    assert set(messages) == set(EVENTS)
    assert all(message["examples"] for message in messages.values())
    in_channels = {name for channel in described["channels"].values() for name in channel["messages"]}
    assert in_channels == set(EVENTS)
    sent = {operation["channel"]["$ref"] for operation in described["operations"].values()}
    assert sent == {f"#/channels/{name}" for name in described["channels"]}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_a_stored_event_fits_its_schema_and_its_channel(described: dict[str, Any], path: Path) -> None:
    envelope = json.loads(path.read_text())
    payload = described["components"]["messages"][envelope["type"]]["payload"]
    validator = Draft202012Validator({"components": described["components"], **payload})
    assert [error.message for error in validator.iter_errors(envelope)] == []
    [channel] = [channel for channel in described["channels"].values() if envelope["type"] in channel["messages"]]
    _, aggregate, aggregate_id, verb = envelope["subject"].split(".")
    assert channel["address"].replace("{id}", aggregate_id) == f"hcmp.{aggregate}.{aggregate_id}.{verb}"


def test_data_that_do_not_fit_are_told(described: dict[str, Any]) -> None:
    envelope = json.loads((GOLDEN / "hcmp.vm.reserved.v1.json").read_text())
    del envelope["data"]["role"]
    payload = described["components"]["messages"]["hcmp.vm.reserved.v1"]["payload"]
    assert not Draft202012Validator({"components": described["components"], **payload}).is_valid(envelope)
