"""An event counts as what its subject says it is, because that is what the broker vouches for."""

import json
from pathlib import Path

import pytest

from hcmp_eventstore.errors import MisplacedEventError
from hcmp_eventstore.recorded import read_recorded

GOLDEN = Path(__file__).parents[3] / "tests" / "golden" / "events"
STORED = (GOLDEN / "hcmp.account.role-changed.v1.json").read_bytes()
SUBJECT = json.loads(STORED)["subject"]


def test_an_event_under_its_own_subject_is_read() -> None:
    assert read_recorded(7, STORED, SUBJECT).envelope.subject == SUBJECT


@pytest.mark.parametrize(
    "subject", ["hcmp.terminal-session.s1.opened", "hcmp.account.other.role-changed", f"{SUBJECT}.more"]
)
def test_an_event_under_another_subject_is_refused(subject: str) -> None:
    with pytest.raises(MisplacedEventError):
        read_recorded(7, STORED, subject)


def test_a_type_that_its_subject_does_not_name_is_refused() -> None:
    forged = json.dumps(json.loads(STORED) | {"subject": "hcmp.terminal-session.s1.opened"}).encode()
    with pytest.raises(MisplacedEventError):
        read_recorded(7, forged, "hcmp.terminal-session.s1.opened")


def test_an_envelope_without_an_id_in_its_subject_is_refused() -> None:
    forged = json.dumps(json.loads(STORED) | {"subject": "hcmp"}).encode()
    with pytest.raises(MisplacedEventError):
        read_recorded(7, forged, "hcmp")
