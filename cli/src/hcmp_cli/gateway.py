"""The embedded gateway: Caddy, the one port that people open."""

from hcmp_cli.home import REPOSITORY, Home
from hcmp_cli.ports import Ports
from hcmp_cli.processes import Process, program

_FOLDER = REPOSITORY / "deploy" / "caddy"
_SERVICES = ("auth", "inventory", "provisioner", "monitor", "terminal")


def process(home: Home, ports: Ports) -> Process:
    configuration = _FOLDER / "Caddyfile"
    upstreams = {f"HCMP_{name.upper()}": f"127.0.0.1:{getattr(ports, name)}" for name in _SERVICES}
    return Process(
        name="gateway",
        command=(program("caddy"), "run", "--config", str(configuration), "--adapter", "caddyfile"),
        port=ports.gateway,
        environment=upstreams
        | {
            "HCMP_GATEWAY_PORT": str(ports.gateway),
            "HCMP_WEB": str(REPOSITORY / "web" / "dist"),
            "XDG_DATA_HOME": str(home.path / "caddy"),
            "XDG_CONFIG_HOME": str(home.path / "caddy"),
        },
        settings=(configuration, _FOLDER / "platform.caddy"),
    )


def url(ports: Ports) -> str:
    return f"http://127.0.0.1:{ports.gateway}"
