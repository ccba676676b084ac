"""The settings of the auth service."""

from pathlib import Path

from pydantic import SecretStr

from hcmp_webkit.settings import ServiceSettings


class AuthSettings(ServiceSettings):
    """`signing_key_file` holds an Ed25519 key (PEM). The operator is registered at the first start."""

    signing_key_file: Path
    operator_username: str
    operator_password: SecretStr
