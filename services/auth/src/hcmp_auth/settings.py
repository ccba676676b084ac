"""The settings of the auth service."""

from pathlib import Path
from typing import Annotated

from pydantic import SecretStr, StringConstraints

from hcmp_auth.domain.account import USERNAME_PATTERN
from hcmp_webkit.settings import ServiceSettings


class AuthSettings(ServiceSettings):
    """`signing_key_file` holds an Ed25519 key (PEM). The operator is registered at the first start."""

    signing_key_file: Path
    operator_username: Annotated[str, StringConstraints(pattern=USERNAME_PATTERN)]
    operator_password: SecretStr
