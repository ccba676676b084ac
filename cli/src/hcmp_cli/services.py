"""The platform's own processes, and the settings that each is given."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from hcmp_cli import broker, gateway, postgres
from hcmp_cli.credentials import Credentials
from hcmp_cli.home import REPOSITORY, Home, write_private
from hcmp_cli.ports import Ports
from hcmp_cli.processes import Process

OPERATOR = "operator"


@dataclass(frozen=True)
class Part:
    """A process, and the service whose role, schema and NATS user are its own."""

    name: str
    module: str
    service: str
    stop_seconds: int = 10
    # Whether it keeps a read model, which `python -m <module>.read_model` looks after.
    read_model: bool = True


PARTS = (
    Part("auth", "hcmp_auth", "auth"),
    Part("inventory", "hcmp_inventory", "inventory"),
    Part("provisioner", "hcmp_provisioner", "provisioner"),
    # The worker ends what its runs have started before it ends itself.
    Part("worker", "hcmp_provisioner.worker", "provisioner", stop_seconds=20, read_model=False),
    Part("monitor", "hcmp_monitor", "monitor"),
    Part("terminal", "hcmp_terminal", "terminal"),
    Part("archive", "hcmp_archive", "archive", read_model=False),
)


@dataclass(frozen=True)
class Platform:
    """What the settings of every service are made from."""

    home: Home
    ports: Ports
    credentials: Credentials
    lab_image: str | None

    def processes(self) -> Iterator[Process]:
        """Write each part's settings file, and describe its process."""
        found = dotenv_values(self.home.overrides) if self.home.overrides.is_file() else {}
        overrides = {name: value for name, value in found.items() if value is not None}
        for part in PARTS:
            path = self.settings_file(part.name)
            write_private(path, _as_lines(self._common(part) | self._own(part.name) | overrides))
            yield Process(
                name=part.name,
                command=(sys.executable, "-m", part.module),
                port=self.port(part.name),
                environment={"HCMP_ENV_FILE": str(path)},
                stop_seconds=part.stop_seconds,
                settings=(path,),
            )

    def settings_file(self, name: str) -> Path:
        return self.home.services / f"{name}.env"

    def port(self, name: str) -> int:
        return int(getattr(self.ports, name))

    def _common(self, part: Part) -> dict[str, str]:
        return {
            "HCMP_HOST": "127.0.0.1",
            "HCMP_PORT": str(self.port(part.name)),
            "HCMP_NATS_URL": broker.url(self.ports),
            "HCMP_NATS_MONITORING_URL": broker.monitoring_url(self.ports),
            "HCMP_NATS_USER": part.service,
            "HCMP_NATS_PASSWORD": broker.password(self.credentials, part.service),
            "HCMP_DATABASE_URL": postgres.url(self.credentials, self.ports.postgres, part.service),
            "HCMP_PUBLIC_URL": gateway.url(self.ports),
            "HCMP_LOG_LEVEL": "INFO",
        }

    def _own(self, name: str) -> dict[str, str]:  # noqa: PLR0911 - one answer a part
        match name:
            case "auth":
                return {
                    "HCMP_SIGNING_KEY_FILE": str(self.credentials.signing_key()),
                    "HCMP_SSH_AUTHORITY_FILES": str(self.credentials.ssh_authority()),
                    "HCMP_OPERATOR_USERNAME": OPERATOR,
                    "HCMP_OPERATOR_PASSWORD": self.operator_password(),
                }
            case "inventory":
                return self._machine_access() | self._lab() | self._inventory()
            case "provisioner":  # it reads the templates, and needs no secret of a machine
                return {"HCMP_PLAYBOOKS_DIR": str(REPOSITORY / "playbooks")}
            case "worker":
                return self._machine_access() | {
                    "HCMP_PLAYBOOKS_DIR": str(REPOSITORY / "playbooks"),
                    "HCMP_RUN_DIRECTORY": str(self.home.run_directory),
                }
            case "monitor":
                return {"HCMP_PROMETHEUS_URL": f"http://127.0.0.1:{self.ports.prometheus}"}
            case "archive":  # it copies what it reads, and opens nothing
                return {}
            case _:
                return self._machine_access()

    def _machine_access(self) -> dict[str, str]:
        former = self.credentials.former_ssh_key()
        key = {} if former is None else {"HCMP_SSH_KEY_FILE": str(former)}
        return {"HCMP_FERNET_KEYS": self.credentials.fernet_key()} | key

    def _inventory(self) -> dict[str, str]:
        targets = ",".join(f"127.0.0.1:{self.port(part.name)}" for part in PARTS)
        return {
            "HCMP_INSTALLATION": self.home.installation,
            "HCMP_SD_TOKEN": self.credentials.password("service-discovery"),
            "HCMP_METRICS_TARGETS": targets,
            "HCMP_BACKUP_DIRECTORY": str(self.home.backups),
            "HCMP_PLAYBOOKS_DIR": str(REPOSITORY / "playbooks"),
            "HCMP_RUN_DIRECTORY": str(self.home.run_directory),
            "HCMP_RESET_NATS_USER": "reset",
            "HCMP_RESET_NATS_PASSWORD": broker.password(self.credentials, "reset"),
        }

    def _lab(self) -> dict[str, str]:
        if self.lab_image is None:
            return {}
        return {"HCMP_LAB_IMAGE": self.lab_image, "HCMP_ALLOW_LOOPBACK": "true"}

    def operator_password(self) -> str:
        return self.credentials.password("operator", length=16)


def _as_lines(settings: dict[str, str]) -> str:
    return "".join(f"{name}={_quoted(value)}\n" for name, value in settings.items())


def _quoted(value: str) -> str:
    if re.fullmatch(r"[\w.,:/@=+-]*", value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
