"""Which passwords nobody may choose: those that are tried first. The operator's first one is not chosen here.

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


class WeakPasswordError(AccountError):
    """The root of the two refusals below."""


class CommonPasswordError(WeakPasswordError):
    """It is among those that are tried first."""


class ObviousPasswordError(WeakPasswordError):
    """It is a name or word that everybody knows here, and no letter besides."""


def own_names(username: str, email: str) -> tuple[str, ...]:
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
        if folded in {name.casefold() for name in own} or self._is_of_words(folded):
            raise ObviousPasswordError

    def _is_of_words(self, folded: str) -> bool:
        """Whether digits, punctuation and these words are all that there is, and one of them at least."""
        rest = folded
        for word in sorted({word.casefold() for word in (*PLATFORM_WORDS, *self.words)}, key=len, reverse=True):
            rest = rest.replace(word, " ")
        return rest != folded and not any(letter.isalpha() for letter in rest)
