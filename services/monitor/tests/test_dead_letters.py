"""What goes on record of a dead letter, whole or damaged."""

import json
from pathlib import Path

from hcmp_contracts.dead_letter import DeadLetterRecorded
from hcmp_monitor.domain.dead_letters import MAX_REASON, finding

STORED = (Path(__file__).parents[3] / "tests/golden/events/hcmp.vm.reserved.v1.json").read_text()
SUBJECT = "hcmp.deadletter.inventory.recycling"


def letter(**changes: object) -> bytes:
    whole = {"reactor": "somebody-else", "reason": "ValueError: no", "sequence": 7, "event": STORED}
    return json.dumps(whole | changes).encode()


def test_a_letter_says_who_gave_up_on_what_and_why() -> None:
    found = finding(SUBJECT, letter())
    assert found.fact == DeadLetterRecorded(
        reactor="inventory-recycling",
        reason="ValueError: no",
        sequence=7,
        letter_type="hcmp.vm.reserved.v1",
        letter_subject="hcmp.vm.0193a000-0000-7000-8000-00000000000a.reserved",
    )
    assert found.about is not None
    assert found.about.id == json.loads(STORED)["id"]


def test_an_event_that_cannot_be_read_has_no_type() -> None:
    found = finding(SUBJECT, letter(event="{not json"))
    assert (found.fact.letter_type, found.fact.sequence, found.about) == (None, 7, None)


def test_a_letter_that_cannot_be_read_is_told_all_the_same() -> None:
    assert finding(SUBJECT, b"\xff").fact.reactor == "inventory-recycling"


def test_a_reason_of_any_length_is_kept_short() -> None:
    assert len(finding(SUBJECT, letter(reason="x" * 100_000)).fact.reason) == MAX_REASON
