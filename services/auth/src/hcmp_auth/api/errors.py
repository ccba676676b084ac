"""What each refusal looks like from outside."""

from hcmp_auth.domain.account import (
    AccountNotActiveError,
    AccountNotFoundError,
    LastAdminError,
    UsernameTakenError,
)
from hcmp_auth.domain.password import CommonPasswordError, ObviousPasswordError
from hcmp_auth.handlers.errors import (
    IdempotencyKeyReusedError,
    InvalidCredentialsError,
    PasswordsBusyError,
    SessionEndedError,
    SessionNotFoundError,
    TooManyAttemptsError,
)
from hcmp_webkit.problems import ErrorTable, Problem, not_found


def _not_active(error: AccountNotActiveError) -> Problem:
    details = {
        "pending": "An administrator has not approved this account yet.",
        "suspended": "An administrator has suspended this account.",
    }
    return Problem(
        f"account-{error.status}",
        title=f"The account is {error.status}",
        status=403,
        detail=details[error.status],
    )


def _invalid_credentials(_: InvalidCredentialsError) -> Problem:
    return Problem(
        "invalid-credentials",
        title="Wrong name or password",
        status=401,
        detail="There is no account with this name and password.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def session_ended(_: SessionEndedError, *, set_cookie: str | None = None) -> Problem:
    """The cookie is of no more use: with `set_cookie` the browser is told to forget it."""
    return Problem(
        "session-ended",
        title="Sign in first",
        status=401,
        detail="The session is over. Sign in again.",
        headers={"WWW-Authenticate": "Bearer"} | ({"Set-Cookie": set_cookie} if set_cookie else {}),
    )


def _too_many_attempts(error: TooManyAttemptsError) -> Problem:
    return Problem(
        "too-many-attempts",
        title="Too many attempts",
        status=429,
        detail=f"Try again in {error.retry_after} seconds.",
        headers={"Retry-After": str(error.retry_after)},
        retry_after=error.retry_after,
    )


def _passwords_busy(_: PasswordsBusyError) -> Problem:
    return Problem(
        "sign-in-busy",
        title="Too many people sign in at once",
        status=503,
        detail="More passwords are waiting to be checked than is reasonable. Try again in a moment.",
        headers={"Retry-After": "3"},
    )


def _username_taken(error: UsernameTakenError) -> Problem:
    return Problem(
        "username-taken",
        title="The name is taken",
        status=409,
        detail=f"Somebody else is called {error.username}. Choose another name.",
        username=error.username,
    )


def _last_admin(error: LastAdminError) -> Problem:
    return Problem(
        "last-admin",
        title="The last admin stays",
        status=409,
        detail=f"Without {error.username} nobody could operate the platform. Make somebody else an admin first.",
        username=error.username,
    )


def _idempotency_key_reused(_: IdempotencyKeyReusedError) -> Problem:
    return Problem(
        "idempotency-key-reused",
        title="The Idempotency-Key was used for something else",
        status=422,
        detail="This Idempotency-Key belongs to a request with another body. Use a new one.",
    )


def _common_password(_: CommonPasswordError) -> Problem:
    return Problem(
        "password-too-common",
        title="The password is too common",
        status=422,
        detail="This password is among those that are tried first. Choose another; a few words are better.",
    )


def _obvious_password(_: ObviousPasswordError) -> Problem:
    return Problem(
        "password-too-obvious",
        title="The password is too obvious",
        status=422,
        detail="This password is nothing but a name or words that everybody knows here. Choose another.",
    )


ERRORS: ErrorTable = {
    AccountNotFoundError: lambda _: not_found(),
    AccountNotActiveError: _not_active,
    UsernameTakenError: _username_taken,
    CommonPasswordError: _common_password,
    ObviousPasswordError: _obvious_password,
    LastAdminError: _last_admin,
    InvalidCredentialsError: _invalid_credentials,
    SessionEndedError: session_ended,
    SessionNotFoundError: lambda _: not_found(),
    TooManyAttemptsError: _too_many_attempts,
    PasswordsBusyError: _passwords_busy,
    IdempotencyKeyReusedError: _idempotency_key_reused,
}
