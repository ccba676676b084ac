"""Secrets that must be recoverable, sealed under a key for one purpose and one row, and opened for those alone.

A sealed secret reads `<key id>.<Fernet token>`. The id is that of the key which opens it, so that none is tried.
Inside the token purpose and row stand beside the secret: a ciphertext that is put in another's place opens nothing
(docs/decisions/0007). What was stored before is a bare token, which each of the keys opens for any row until it is
renewed. Source of the token's form: https://github.com/fernet/spec/blob/master/Spec.md
"""

from base64 import urlsafe_b64decode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import BaseModel, ConfigDict, ValidationError

KEY_ID_DIGITS = 8


class UnreadableSecretError(Exception):
    """The secret cannot be had; the message, the end of a sentence about it, says why."""

    def __init__(self, reason: str = "it is damaged") -> None:
        super().__init__(reason)


class UnknownKeyError(UnreadableSecretError):
    """It was encrypted under a key that is not there."""

    def __init__(self) -> None:
        super().__init__("it was encrypted under another key")


class WrongBindingError(UnreadableSecretError):
    """It was sealed for another row or another purpose than it is found at."""

    def __init__(self) -> None:
        super().__init__("it was sealed for another place than it is stored at")


@dataclass(frozen=True, slots=True)
class Binding:
    """What a secret is for, and the id of the aggregate that it belongs to."""

    purpose: str
    row: str


class _Sealed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    purpose: str
    row: str
    secret: str


def key_id(key: str) -> str:
    """What a key is called wherever it was used: the first digits of its SHA-256, which tell nothing of it."""
    return sha256(urlsafe_b64decode(key)).hexdigest()[:KEY_ID_DIGITS]


class Vault:
    """`keys` are separated by commas, the newest first: that one seals, each of them opens."""

    def __init__(self, keys: str) -> None:
        known = [key.strip() for key in keys.split(",") if key.strip()]
        if not known:
            raise ValueError("there is no key to seal secrets with")
        self._newest = key_id(known[0])
        self._keys = {key_id(key): Fernet(key) for key in known}
        self._any = MultiFernet(list(self._keys.values()))

    def seal(self, secret: str, binding: Binding) -> str:
        """The secret under the newest key, for this binding alone."""
        sealed = _Sealed(purpose=binding.purpose, row=binding.row, secret=secret)
        token = self._keys[self._newest].encrypt(sealed.model_dump_json().encode())
        return f"{self._newest}.{token.decode()}"

    def open(self, ciphertext: str, binding: Binding) -> str:
        """The secret in clear. Raises UnknownKeyError, WrongBindingError, UnreadableSecretError."""
        named, dot, token = ciphertext.rpartition(".")
        plaintext = self._under(named, token) if dot else self._under_any(token)
        try:
            sealed = _Sealed.model_validate_json(plaintext)
        except ValidationError as bare:
            if dot:
                raise UnreadableSecretError from bare  # a bare token with a key's name in front is none of ours
            return plaintext.decode()
        # Also of a token whose key's name was taken away.
        if Binding(sealed.purpose, sealed.row) != binding:
            raise WrongBindingError
        return sealed.secret

    def renewed(self, ciphertext: str, binding: Binding) -> str | None:
        """The same secret sealed under the newest key; None when it is so already. Raises what `open` does."""
        secret = self.open(ciphertext, binding)
        return None if ciphertext.startswith(f"{self._newest}.") else self.seal(secret, binding)

    def _under(self, named: str, token: str) -> bytes:
        if (key := self._keys.get(named)) is None:
            raise UnknownKeyError
        try:
            return key.decrypt(token.encode())
        except InvalidToken as damaged:
            raise UnreadableSecretError from damaged

    def _under_any(self, token: str) -> bytes:
        try:
            return self._any.decrypt(token.encode())
        except InvalidToken as unknown:
            raise UnknownKeyError from unknown
