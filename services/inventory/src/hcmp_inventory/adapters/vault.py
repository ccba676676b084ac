"""Secrets that must be recoverable, encrypted with Fernet; keys rotate: the first one encrypts, all decrypt."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from hcmp_inventory.ports.services import UnreadableSecretError


class FernetVault:
    def __init__(self, keys: str) -> None:
        self._fernet = MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])

    def encrypt(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, ciphertext: str) -> str:
        try:
            return self._fernet.decrypt(ciphertext.encode()).decode()
        except InvalidToken as unreadable:
            raise UnreadableSecretError from unreadable
