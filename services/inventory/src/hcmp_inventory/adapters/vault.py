"""Secrets that must be recoverable, encrypted with Fernet; keys rotate: the first one encrypts, all decrypt."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from hcmp_inventory.ports.services import UnreadableSecretError


class FernetVault:
    """`keys` are separated by commas, the newest first."""

    def __init__(self, keys: str) -> None:
        known = [Fernet(key.strip()) for key in keys.split(",") if key.strip()]
        self._fernet = MultiFernet(known)
        self._newest = known[0]

    def encrypt(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, ciphertext: str) -> str:
        try:
            return self._fernet.decrypt(ciphertext.encode()).decode()
        except InvalidToken as unreadable:
            raise UnreadableSecretError from unreadable

    def renewed(self, ciphertext: str) -> str | None:
        """The same secret under the newest key; None when it is so already. Raises UnreadableSecretError."""
        try:
            self._newest.decrypt(ciphertext.encode())
        except InvalidToken:
            return self.encrypt(self.decrypt(ciphertext))
        return None
