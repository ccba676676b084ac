"""The cookie that carries a session on: no script reads it, and no other site's page sends it.

Where browsers reach the platform by https its name begins with `__Host-`, so that no neighbouring host can set it.
Source: RFC 6265bis, section 4.1.3.2.
"""

from dataclasses import dataclass

from fastapi import Request, Response

# Longer than any token of ours: what is longer is none.
MAX_LENGTH = 200


@dataclass(frozen=True)
class RefreshCookie:
    """`secure`: whether browsers reach the platform by https only."""

    secure: bool

    @property
    def name(self) -> str:
        return "__Host-hcmp_refresh" if self.secure else "hcmp_refresh"

    def read(self, request: Request) -> str | None:
        """The token that the browser brings, if it may be one."""
        token = request.cookies.get(self.name, "")
        return token if 0 < len(token) <= MAX_LENGTH else None

    def hand_over(self, response: Response, token: str, *, seconds: int) -> None:
        response.set_cookie(
            self.name,
            token,
            max_age=max(0, seconds),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def forget(self, response: Response) -> None:
        """Tell the browser to."""
        response.delete_cookie(self.name, path="/", secure=self.secure, httponly=True, samesite="strict")

    @property
    def deletion(self) -> str:
        """The same, as the value of a refusal's `Set-Cookie`."""
        response = Response()
        self.forget(response)
        return response.headers["set-cookie"]
