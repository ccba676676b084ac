"""Why something failed or is so: in English for everybody, and as causes that can be said in any language."""

from dataclasses import dataclass
from typing import Self

from hcmp_contracts.cause import Cause

Causes = tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence, or a half of one; without `causes` it is only to be had in English."""

    text: str
    causes: Causes = ()

    @classmethod
    def of(cls, text: str, slug: str, /, **facts: str | int) -> Self:
        return cls(text, (Cause.of(slug, **facts),))


class CausedError(Exception):
    """Something went wrong that a person is told of."""

    def __init__(self, text: str, *causes: Cause) -> None:
        super().__init__(text)
        self.causes = causes


def reason_of(error: BaseException) -> Reason:
    """What went wrong; what nobody has named by a slug is quoted."""
    causes = error.causes if isinstance(error, CausedError) else ()
    return Reason(str(error), causes or (Cause.of("said", said=str(error)),))
