"""What can go wrong between a decision and the log, each with the facts that a caller needs."""


class EventStoreError(Exception):
    """The root of every error that this library raises."""


class ConcurrencyError(EventStoreError):
    """The aggregate has moved on since it was loaded: decide again on fresh state."""

    def __init__(self, subject: str, expected: int, actual: int | None) -> None:
        super().__init__(f"{subject}: decided on version {expected}, the log is at {actual or 'another'}")
        self.subject = subject
        self.expected = expected
        self.actual = actual


class StoreUnavailableError(EventStoreError):
    """The broker did not answer in time. Whether an append was stored is then unknown: repeat the command."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"the event log did not answer: {operation}")
        self.operation = operation


class StoreFullError(EventStoreError):
    """The broker has no room for more events; nothing was stored. Reading goes on."""


class WritesRefusedError(EventStoreError):
    """The log has lost events that a read model has already seen; nothing may be written on top of that."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ReadGapError(EventStoreError):
    """A message of the log did not arrive in its turn; reading starts again at the last one that did."""


class MisplacedEventError(EventStoreError):
    """A message says that it is another event than its subject does. The broker vouches for the subject only:
    whoever may write `hcmp.vm.…` must not be able to say in there what happened to an account.
    """


class RejectedEventError(EventStoreError):
    """A reaction says that trying this event again is of no use; it goes to the dead letters at once."""


class NotYetError(EventStoreError):
    """A reaction says that the time for this event comes in so many seconds: it is handed out again then."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not before {seconds:.1f} s from now")
        self.seconds = seconds


class EventLeftError(EventStoreError):
    """A reaction has lost its hold on this event, to another worker for one: it is left as it is, neither
    done nor failed. The broker hands it out again when whoever holds it falls silent.
    """
