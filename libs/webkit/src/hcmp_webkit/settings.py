"""The settings that every service has, read once at start from an env file and the environment."""

import os
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Subclass it with a service's own settings. A missing value stops the start and names itself.

    With `nats_monitoring_url` (several servers: separated by commas) the start is refused when the broker
    acknowledges what it has not written to disk. Only of the gateway (`gateway_addresses`: addresses or networks,
    separated by commas) it is believed from whom a request came: attempts are counted by that.

    The file named by HCMP_ENV_FILE holds `HCMP_NAME=value` lines; the environment wins over it.
    """

    model_config = SettingsConfigDict(env_prefix="HCMP_", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: int
    nats_url: str
    nats_user: str
    nats_password: SecretStr
    nats_monitoring_url: str | None = None
    database_url: SecretStr
    public_url: str
    gateway_addresses: str = "127.0.0.1"
    log_level: str = "INFO"

    def __init__(self, **values: Any) -> None:
        super().__init__(_env_file=os.environ.get("HCMP_ENV_FILE"), **values)
