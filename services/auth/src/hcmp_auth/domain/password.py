"""Which passwords nobody may choose: those that are tried first.

No rule about kinds of characters: length and rarity are what makes a password hard to guess.
Sources: NIST SP 800-63B-4, section 3.1.1.2; OWASP ASVS 5.0, V6.2. The passwords are the most frequent of those
that became known, as zxcvbn ships them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from hcmp_auth.domain.account import AccountError

MIN_LENGTH = 8
MAX_LENGTH = 128
COMMON = frozenset(password for password in FREQUENCY_LISTS["passwords"] if len(password) >= MIN_LENGTH)
# What an attacker knows before anything else: what this platform is called, and what is called by name in it.
PLATFORM_WORDS = ("hcmp", "h-cmp", "cloud", "vcenter", "vmware", "operator", "admin", "viewer", "provision")
LETTERS_BESIDES = 4


class WeakPasswordError(AccountError):
    """The root of the two refusals below."""


class CommonPasswordError(WeakPasswordError):
    """It is among those that are tried first."""


class ObviousPasswordError(WeakPasswordError):
    """It is little more than a name or word that everybody knows here."""


def own_words(username: str, email: str) -> tuple[str, ...]:
    """What an account is called."""
    return (username, email, email.partition("@")[0])


@dataclass(frozen=True)
class PasswordRules:
    """`words` are an organisation's own, beside the platform's: its name, its products, its places."""

    words: Sequence[str] = field(default=())

    def require(self, password: str, *, own: Iterable[str]) -> None:
        """`own` is what the account is called. Raises CommonPasswordError, ObviousPasswordError."""
        folded = password.casefold()
        if folded in COMMON:
            raise CommonPasswordError
        known = {word.casefold() for word in (*PLATFORM_WORDS, *self.words, *own) if word}
        rest = folded
        for word in sorted(known, key=len, reverse=True):
            rest = rest.replace(word, "")
        if rest != folded and sum(letter.isalpha() for letter in rest) < LETTERS_BESIDES:
            raise ObviousPasswordError
