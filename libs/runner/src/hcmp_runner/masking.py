"""Takes secrets out of text before it leaves the process that knows them."""

import json
import re
from collections.abc import Callable, Iterable, Iterator

MASK = "********"
SHORTEST = 4

# Where Ansible folds a long text, line ends, indentation and colours stand in the place of a space.
_FOLD = r"(?:\s|\x1b\[[0-9;]*m)+"


def masking(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that masks every one of these texts, and each line of those that have several.

    Texts shorter than SHORTEST would mask ordinary words and are left.
    """
    hidden = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
    if not hidden:
        return lambda text: text
    longest_first = sorted(hidden, key=len, reverse=True)
    pattern = re.compile("|".join(_FOLD.join(map(re.escape, form.split())) for form in longest_first))
    return lambda text: pattern.sub(MASK, text)


def _forms(secret: str) -> Iterator[str]:
    """The secret and its lines, as they are and as JSON and YAML write them."""
    for text in {secret.strip(), *(line.strip() for line in secret.splitlines())}:
        yield text
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield text.replace("'", "''")
