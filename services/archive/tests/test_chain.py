"""The hash chain: what it covers, and that nothing can be changed, moved or left out under it."""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcmp_archive.domain.chain import GENESIS, Event, GapError, chained, seal

EVENTS = [Event(number, f"hcmp.vm.{number}.assigned", b"{}" * number) for number in range(1, 6)]
LOGS = st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=40)), min_size=1, max_size=8).map(
    lambda parts: [Event(number, subject, data) for number, (subject, data) in enumerate(parts, start=1)]
)


def test_what_is_hashed_is_what_the_documentation_says() -> None:
    event = Event(258, "hcmp.vm.한.assigned", b'{"a": 1}')
    subject = "hcmp.vm.한.assigned".encode()
    covered = b"p" * 32 + bytes(6) + b"\x01\x02" + bytes(3) + bytes([len(subject)]) + subject + b'{"a": 1}'
    assert seal(b"p" * 32, event) == sha256(covered).digest()


def test_a_chain_goes_on_where_it_was_left() -> None:
    whole = list(chained(None, EVENTS))
    first = list(chained(None, EVENTS[:2]))
    assert first + list(chained(first[-1], EVENTS[2:])) == whole
    assert whole[0].hash == seal(GENESIS, EVENTS[0])


@given(log=LOGS, data=st.data())
def test_no_event_can_be_changed_without_changing_every_hash_from_there_on(
    log: list[Event], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(log) - 1))
    subject, content = data.draw(st.tuples(st.text(max_size=20), st.binary(max_size=40)))
    altered = [*log[:place], Event(place + 1, subject, content), *log[place + 1 :]]
    before, after = ([entry.hash for entry in chained(None, events)] for events in (log, altered))
    same = altered[place] == log[place]
    assert before[:place] == after[:place]
    assert all((one == other) is same for one, other in zip(before[place:], after[place:], strict=True))


@pytest.mark.parametrize("missing", [0, 1, 3])
def test_a_number_that_is_left_out_ends_the_chain(missing: int) -> None:
    with pytest.raises(GapError, match=f"holds event {missing + 2} where event {missing + 1} must stand"):
        list(chained(None, EVENTS[:missing] + EVENTS[missing + 1 :]))


def test_what_is_no_envelope_is_kept_without_id_and_time() -> None:
    assert [entry.label for entry in chained(None, [replace(EVENTS[0], data=b"\xff\x00")])] == [(None, None)]
