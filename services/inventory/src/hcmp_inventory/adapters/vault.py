"""Secrets that must be recoverable, encrypted with Fernet; keys rotate: the first one encrypts, all decrypt."""

from cryptography.fernet import Fernet, MultiFernet


class FernetVault:
    def __init__(self, keys: str) -> None:
        self._fernet = MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])

    def encrypt(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, ciphertext: str) -> str:
        """Raises cryptography.fernet.InvalidToken when none of the keys fits."""
        return self._fernet.decrypt(ciphertext.encode()).decode()
