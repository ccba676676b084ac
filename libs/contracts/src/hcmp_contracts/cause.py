"""Why something is so, as a slug and facts: so that it can be said in any language, beside the English text."""

from typing import Self

from pydantic import Field

from hcmp_contracts.envelope import Fact


class Cause(Fact):
    """One thing that is wrong, by its slug, with the facts that a sentence about it needs. The fact `said` holds
    somebody else's words (a server's, a tool's), which stay as they are; `kind` is a slug too.
    """

    slug: str
    facts: dict[str, str | int] = Field(default_factory=dict)

    @classmethod
    def of(cls, slug: str, /, **facts: str | int) -> Self:
        return cls(slug=slug, facts=facts)
