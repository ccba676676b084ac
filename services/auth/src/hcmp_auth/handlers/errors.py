"""What a sign-in can be refused for, each with the facts that a caller needs."""


class SignInError(Exception):
    """The root of every refusal below."""


class InvalidCredentialsError(SignInError):
    """No such name, or not its password; which of the two is not told."""


class SessionEndedError(SignInError):
    """The refresh token is unknown, expired or used again, or the account's sessions were ended."""


class TokenReusedError(SessionEndedError):
    """The refresh token was used before: the session is in two hands, and was ended."""

    def __init__(self, account_id: str, session_id: str) -> None:
        super().__init__("a refresh token was used again")
        self.account_id = account_id
        self.session_id = session_id


class TooManyAttemptsError(SignInError):
    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many attempts; again in {retry_after} s")
        self.retry_after = retry_after


class PasswordsBusyError(SignInError):
    """More passwords are waiting to be checked than is reasonable."""


class SessionNotFoundError(Exception):
    """The account has no such session, or no longer."""


class IdempotencyKeyReusedError(Exception):
    """The key was used for the same name with another body."""
