"""Takes secrets out of text before it leaves the process that knows them."""

import re
from collections.abc import Callable, Iterable

MASK = "********"
SHORTEST = 4


def masking(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that masks every one of these texts, and each line of those that have several.

    Texts shorter than SHORTEST would mask ordinary words and are left.
    """
    lines = {line.strip() for secret in secrets for line in (secret, *secret.splitlines())}
    hidden = sorted((line for line in lines if len(line) >= SHORTEST), key=len, reverse=True)
    if not hidden:
        return lambda text: text
    pattern = re.compile("|".join(re.escape(line) for line in hidden))
    return lambda text: pattern.sub(MASK, text)
