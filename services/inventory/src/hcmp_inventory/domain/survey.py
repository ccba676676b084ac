"""What was found on a machine, and what of it a project left there. Pure.

A survey is a set of facts of one line each, its kind first: `user mina`, `key /root/.ssh/authorized_keys ssh-
ed25519 AAAA…`, `authority /etc/ssh/ca ssh-ed25519 AAAA…` (whose certificates are taken), `port 80`, `process 4711
1000 miner`. What was there when the machine came to the pool, its baseline, is no project's; all else is.
"""

from collections.abc import Collection, Iterable

# Never the machine's own, whatever was there before: the mark of a project, a program that somebody left running.
ALWAYS_A_PROJECTS = ("mark", "process")
# Facts that end with a public key: who gets in by it, or by whose certificates.
OF_KEYS = ("key", "authority")
# What may be different on a machine that was made anew without being anybody's: its image is a newer one.
OF_THE_IMAGE = ("package", "unit", "sudoers", "trust", "port", "cron")
# Unmistakable even where nobody knows what was there before.
MARKS = ("mark", "process")
# Listening there is what templates do.
TEMPLATES_PORTS = frozenset(f"port {number}" for number in (80, 443, 5432, 8080))
SHOWN = 5
LONGEST = 120

Survey = frozenset[str]


def baseline_of(found: Iterable[str]) -> tuple[str, ...]:
    """What belongs on the machine from now on."""
    return tuple(sorted(fact for fact in found if _kind(fact) not in ALWAYS_A_PROJECTS))


def leftovers(found: Survey, baseline: Collection[str] | None, *, made_anew: bool) -> tuple[str, ...]:
    """What a project left, the gravest first; nothing means that the machine may go to the next one.

    Without a `baseline` only what is unmistakable counts. A machine that was `made_anew` may have another image
    than the one that its baseline was taken of: that image's own programs are not held against it, users, keys and
    files are, and whatever listens where templates listen.
    """
    if baseline is None:
        left = frozenset(fact for fact in found if _kind(fact) in MARKS)
    else:
        left = found - frozenset(baseline)
        if made_anew:
            left = frozenset(fact for fact in left if _kind(fact) not in OF_THE_IMAGE or fact in TEMPLATES_PORTS)
    return tuple(sorted(left, key=_gravity))


def said(left: Collection[str]) -> str:
    """Leftovers in a sentence's half, not endless."""
    shown = [fact if len(fact) <= LONGEST else f"{fact[:LONGEST]}…" for fact in list(left)[:SHOWN]]
    more = len(left) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def without_own(found: Collection[str], own: Collection[str]) -> Survey:
    """What was found, but for the platform's `own` public keys, its certificate authorities among them, wherever a
    machine keeps them. They are known to the platform and not to a baseline: an authority that is exchanged is no
    stranger's. One that is the platform's no more is not among its own.
    """
    ends = tuple(" " + " ".join(key.split()[:2]) for key in own if len(key.split()) > 1)
    return frozenset(fact for fact in found if not (has_keys((fact,)) and fact.endswith(ends)))


def has_keys(found: Collection[str]) -> bool:
    """Whether any of it is a public key that lets somebody in."""
    return any(_kind(fact) in OF_KEYS for fact in found)


def marked(found: Survey) -> bool:
    """Whether a project was on the machine that nobody has cleaned away."""
    return any(_kind(fact) == "mark" for fact in found)


_ORDER = (
    "mark",
    "key",
    "authority",
    "user",
    "sudoers",
    "trust",
    "process",
    "file",
    "cron",
    "unit",
    "port",
    "package",
)


def _gravity(fact: str) -> tuple[int, str]:
    kind = _kind(fact)
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), fact)


def _kind(fact: str) -> str:
    return fact.partition(" ")[0]
