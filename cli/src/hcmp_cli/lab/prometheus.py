"""Prometheus of one installation: a container on the host's network, its metrics in a volume of its own."""

import hashlib
import io
import string
import tarfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from docker import DockerClient
from docker.errors import NotFound

from hcmp_cli.home import REPOSITORY
from hcmp_cli.lab.containers import INSTALLATION_LABEL
from hcmp_cli.lab.engine import connect

_TEMPLATE = REPOSITORY / "deploy/prometheus/prometheus.yml"
_ALERTS = REPOSITORY / "deploy/prometheus/alerts.yml"
_CONFIGURATION_LABEL = "hcmp.configuration"
_DATA = "/var/lib/prometheus/metrics"
# The number of the user in deploy/prometheus/Dockerfile.
_USER = 909


@dataclass(frozen=True, slots=True)
class _Prometheus:
    installation: str
    port: int
    image: str
    configuration: bytes
    alerts: bytes
    token: bytes

    @property
    def name(self) -> str:
        return f"hcmp-{self.installation}-prometheus"

    @property
    def volume(self) -> str:
        return f"hcmp-{self.installation}-metrics"

    @property
    def digest(self) -> str:
        """Tells a container that still fits from one that must be made anew."""
        parts = [self.image.encode(), str(self.port).encode(), self.configuration, self.alerts, self.token]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()


def start_prometheus(installation: str, *, port: int, gateway_url: str, sd_token_file: Path, image: str) -> None:
    """Start Prometheus on 127.0.0.1, as a new container when its image or configuration has changed."""
    template = string.Template(_TEMPLATE.read_text(encoding="utf-8"))
    wanted = _Prometheus(
        installation=installation,
        port=port,
        image=image,
        configuration=template.substitute(gateway_url=gateway_url.rstrip("/"), port=port).encode(),
        alerts=_ALERTS.read_bytes(),
        token=sd_token_file.read_bytes().strip(),
    )
    with closing(connect()) as client:
        if not _start_existing(client, wanted):
            _create(client, wanted)


def _start_existing(client: DockerClient, wanted: _Prometheus) -> bool:
    try:
        container = client.containers.get(wanted.name)
    except NotFound:
        return False
    if container.labels.get(_CONFIGURATION_LABEL) != wanted.digest:
        container.stop(timeout=10)
        container.remove(force=True)
        return False
    container.start()
    return True


def _create(client: DockerClient, wanted: _Prometheus) -> None:
    labels = {INSTALLATION_LABEL: wanted.installation}
    client.volumes.create(wanted.volume, labels=labels)
    container = client.containers.create(
        wanted.image,
        [
            "--config.file=/etc/prometheus/prometheus.yml",
            f"--storage.tsdb.path={_DATA}",
            "--storage.tsdb.retention.time=30d",
            f"--web.listen-address=127.0.0.1:{wanted.port}",
        ],
        name=wanted.name,
        labels={**labels, _CONFIGURATION_LABEL: wanted.digest},
        # Only there are the ports on 127.0.0.1 that machines and services publish.
        network_mode="host",
        volumes={wanted.volume: {"bind": _DATA, "mode": "rw"}},
        restart_policy={"Name": "unless-stopped"},
        log_config={"Type": "json-file", "Config": {"max-size": "5m", "max-file": "2"}},
    )
    container.put_archive("/etc/prometheus", _archive(wanted))
    container.start()


def _archive(wanted: _Prometheus) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content, mode in (
            ("prometheus.yml", wanted.configuration, 0o444),
            ("alerts.yml", wanted.alerts, 0o444),
            ("sd-token", wanted.token, 0o400),
        ):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.uid, entry.gid = len(content), mode, _USER, _USER
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
