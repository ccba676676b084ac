"""Argon2id in threads, at most one hash a core at a time, and a queue that cannot grow without bound.

Source of the parameters: OWASP Password Storage Cheat Sheet.
"""

import asyncio
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hcmp_auth.handlers.errors import PasswordsBusyError

T = TypeVar("T")

MAX_WAITING = 100


class Argon2Passwords:
    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._threads = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="argon2")
        self._waiting = 0
        # Nobody's password: verified against where there is no account, so that both cost the same.
        self._nobody = self._hasher.hash(os.urandom(16).hex())

    async def hash(self, password: str) -> str:
        return await self._slowly(lambda: self._hasher.hash(_normalised(password)))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        matches = await self._slowly(lambda: self._matches(password_hash or self._nobody, _normalised(password)))
        return matches and password_hash is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _slowly(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise PasswordsBusyError
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _normalised(password: str) -> str:
    """The same password whichever keyboard composed it: Hangul arrives decomposed from some systems."""
    return unicodedata.normalize("NFC", password)
