"""What the broker answers when it does not do as asked, and what each answer means for an append.

Source: error codes, `errors.json` of nats-server 2.15.
"""

import re

from hcmp_eventstore.errors import ConcurrencyError, EventStoreError, StoreFullError

WRONG_LAST_SEQUENCE = 10071
BATCH_DUPLICATE = 10201
MESSAGE_NOT_FOUND = 10037
# Another batch or a leader change stood in the way: the same append may be tried again.
TRANSIENT = frozenset({10158, 10163, 10164, 10008, 10009, 10039, 10077})
# The limit of the account, of the server or of its disk is reached.
FULL = frozenset({10002, 10023, 10047})


class RefusedError(Exception):
    """The broker answered with an error."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


def raise_unless_transient(refusal: RefusedError, *, subject_filter: str, expected: int, alone: bool) -> None:
    """Return when the same append may be tried again. `subject_filter` and `expected` are what was appended to,
    `alone` says that nothing else was: only then does the refusal tell the version that it is at.
    """
    if refusal.code == WRONG_LAST_SEQUENCE:
        actual = re.search(r"(\d+)$", refusal.description)
        raise ConcurrencyError(
            subject_filter, expected, int(actual.group(1)) if actual and alone else None
        ) from None
    if refusal.code in FULL:
        raise StoreFullError(refusal.description) from refusal
    if refusal.code not in TRANSIENT and refusal.code != BATCH_DUPLICATE:
        raise EventStoreError(f"the event log refused an append: {refusal}") from refusal
