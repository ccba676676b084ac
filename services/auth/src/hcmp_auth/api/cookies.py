"""The cookie that carries a session on: no script reads it, and no other site's page sends it.

Its name is part of the public interface, so it has no prefix that would tie it to its host (RFC 6265bis, section
4.1.3.2): other people's clients look for it by that name.
"""

from dataclasses import dataclass

from fastapi import Request, Response

NAME = "hcmp_refresh"
# Longer than any token of ours: what is longer is none.
MAX_LENGTH = 200


@dataclass(frozen=True)
class RefreshCookie:
    """`secure`: whether browsers reach the platform by https only."""

    secure: bool

    def read(self, request: Request) -> str | None:
        """The token that the browser brings, if it may be one."""
        token = request.cookies.get(NAME, "")
        return token if 0 < len(token) <= MAX_LENGTH else None

    def hand_over(self, response: Response, token: str, *, seconds: int) -> None:
        response.set_cookie(
            NAME,
            token,
            max_age=max(0, seconds),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def forget(self, response: Response) -> None:
        """Tell the browser to."""
        response.delete_cookie(NAME, path="/", secure=self.secure, httponly=True, samesite="strict")

    @property
    def deletion(self) -> str:
        """The same, as the value of a refusal's `Set-Cookie`."""
        response = Response()
        self.forget(response)
        return response.headers["set-cookie"]
