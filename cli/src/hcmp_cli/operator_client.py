"""What the launcher asks of the running platform, signed in as its operator through the gateway."""

from collections.abc import Callable
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

import httpx

from hcmp_cli.errors import LauncherError


class SignInRefusedError(LauncherError):
    """The operator's password is no longer the one that was generated."""


class Operator:
    def __init__(self, url: str, username: str, password: str) -> None:
        # The platform is on this computer: no proxy of the environment has a say.
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self._sign_in_as = {"username": username, "password": password}

    def __enter__(self) -> Self:
        try:
            answer = self._ask("POST", "/api/login", json=self._sign_in_as)
        except BaseException:
            self._client.close()
            raise
        self._client.headers["Authorization"] = f"Bearer {answer['access_token']}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def has_machines(self) -> bool:
        return bool(self._ask("GET", "/api/pool")["vms"])

    def import_lab_machines(self, count: int, *, key: str) -> None:
        """Ask for new machines; the same key goes on with an import that did not come to its end."""
        wanted = {"provider": "docker", "count": count}
        self._ask("POST", "/api/vms/import", json=wanted, headers={"Idempotency-Key": key}, timeout=300)

    def await_available(self, count: int, *, tell: Callable[[str], None], patience: float = 300) -> None:
        """Wait until the pool offers so many machines."""
        deadline = monotonic() + patience
        while (available := self._available()) < count:
            tell(f"{available} of {count} machines available")
            if monotonic() > deadline:
                raise LauncherError(
                    f"Only {available} of {count} lab machines became available within {patience:.0f} s: "
                    "the log of inventory says why."
                )
            sleep(0.5)

    def maintenance(self, *, enabled: bool, message: str = "") -> None:
        """Let nobody but operators begin anything, and tell them why; or let them again."""
        change = {"maintenance_mode": enabled} | ({"maintenance_message": message} if message else {})
        self._ask("PUT", "/api/admin/settings", json=change)

    def drain(self, *, tell: Callable[[str], None], patience: float) -> list[str]:
        """Wait until nothing runs; the names of the projects that still run when `patience` seconds are over."""
        deadline = monotonic() + patience
        while True:
            wait = max(0, min(20, int(deadline - monotonic())))
            running = [one["name"] for one in self._ask("GET", f"/api/platform/drain?wait={wait}")["running"]]
            if not running or monotonic() >= deadline - 1:
                return running
            tell(f"waiting for {', '.join(running)}")

    def _available(self) -> int:
        return int(self._ask("GET", "/api/pool")["counts"]["available"])

    def _ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise LauncherError(f"{method} {path} has no answer: {error}.") from None
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise SignInRefusedError(f"{self._sign_in_as['username']} cannot sign in with the generated password.")
        if answer.is_error:
            raise LauncherError(f"{method} {path} is refused ({answer.status_code}): {answer.text[:500]}")
        return dict(answer.json())
