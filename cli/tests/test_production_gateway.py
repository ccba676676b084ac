"""The gateway's file for production, run with a certificate of its own making: over TLS, and in clear."""

import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from hcmp_cli import home
from hcmp_cli.processes import program
from hcmp_testkit.ports import free_port

FILE = home.REPOSITORY / "deploy" / "caddy" / "production.Caddyfile"


@dataclass(frozen=True)
class Doors:
    """`trusted` is the file of the authority that signed the gateway's certificate."""

    tls: int
    clear: int
    trusted: Path


def _environment(folder: Path) -> dict[str, str]:
    places = {"XDG_DATA_HOME": str(folder / "data"), "XDG_CONFIG_HOME": str(folder / "config")}
    named = {"HCMP_DOMAIN": "localhost", "HCMP_EMAIL": "ops@example.org", "HCMP_WEB": str(folder)}
    return os.environ | named | places


def _configuration(environment: dict[str, str], tls: int, clear: int) -> dict[str, Any]:
    """The file as it is, but for the two ports, and without putting the authority among the computer's own."""
    command = [program("caddy"), "adapt", "--config", str(FILE), "--adapter", "caddyfile"]
    adapted = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    configuration: dict[str, Any] = json.loads(adapted.stdout)
    http = configuration["apps"]["http"]
    http |= {"https_port": tls, "http_port": clear}
    ports = {":443": f":{tls}", ":80": f":{clear}"}
    for server in http["servers"].values():
        server["listen"] = [ports[address] for address in server["listen"]]
    configuration["apps"]["pki"] = {"certificate_authorities": {"local": {"install_trust": False}}}
    return configuration


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("production")
    (folder / "index.html").write_text("<title>H-CMP</title>")
    environment = _environment(folder)
    tls, clear = free_port(), free_port()
    (folder / "caddy.json").write_text(json.dumps(_configuration(environment, tls, clear)))
    command = [program("caddy"), "run", "--config", str(folder / "caddy.json")]
    caddy = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    trusted = folder / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    try:
        for _ in range(100):
            if trusted.exists() and _version(tls, trusted):
                break
            time.sleep(0.1)
        yield Doors(tls, clear, trusted)
    finally:
        caddy.kill()
        caddy.wait()


def _version(port: int, trusted: Path) -> str | None:
    """The version of TLS that the gateway and a client of today agree on; None while it does not answer."""
    context = ssl.create_default_context(cafile=trusted)
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            return connection.version()
    except OSError:
        return None


@pytest.mark.parametrize("path", ["/", "/api/nope", "/assets/nope.js"])
def test_every_answer_binds_the_browser_to_https_for_a_year_failures_too(doors: Doors, path: str) -> None:
    with httpx.Client(
        verify=ssl.create_default_context(cafile=doors.trusted), trust_env=False, timeout=20
    ) as http:
        headers = http.get(f"https://localhost:{doors.tls}{path}").headers
    assert headers.get_list("strict-transport-security") == ["max-age=31536000; includeSubDomains"]


def test_a_person_is_led_to_https_and_a_program_is_refused(doors: Doors) -> None:
    with httpx.Client(base_url=f"http://localhost:{doors.clear}", trust_env=False) as http:
        page = http.get("/projects?page=2")
        assert (page.status_code, page.headers["location"]) == (308, "https://localhost/projects?page=2")
        for path in ("/api/login", "/ws/logs/1", "/.well-known/jwks.json"):
            answer = http.post(path)
            assert (answer.status_code, answer.json()["type"]) == (421, "https-required")


def test_versions_and_ciphers_of_tls_are_caddys_own(doors: Doors) -> None:
    """It offers 1.2 and 1.3 with forward secrecy, and no file of ours may offer less.

    Source: https://caddyserver.com/docs/caddyfile/directives/tls
    """
    assert _version(doors.tls, doors.trusted) == "TLSv1.3"
    written = json.dumps(_configuration(_environment(doors.trusted.parent), doors.tls, doors.clear))
    assert all(word not in written for word in ("protocol_min", "cipher_suites", "curves"))
