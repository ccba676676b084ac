"""Debian's packages on this computer, installed when the lab needs them and may."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hcmp_cli.lab.errors import PackagesNotInstalled

_SERVICE_POLICY = Path("/usr/sbin/policy-rc.d")


def may_install_packages() -> bool:
    """Whether this is a Debian or an Ubuntu (or made from one) and this process is root."""
    try:
        release = Path("/etc/os-release").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    values = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    family = f"{values.get('ID', '')} {values.get('ID_LIKE', '')}".replace('"', "").split()
    return os.geteuid() == 0 and not {"debian", "ubuntu"}.isdisjoint(family)


def systemd_runs() -> bool:
    return Path("/run/systemd/system").is_dir()


def install_packages(*names: str) -> None:
    _apt_get("update")
    with _services_left_alone():
        _apt_get("install", "--yes", "--no-install-recommends", *names)


def _apt_get(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=120", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = "\n".join(done.stdout.splitlines()[-5:])
        raise PackagesNotInstalled(f"apt-get {' '.join(arguments)} failed:\n{last}")


@contextmanager
def _services_left_alone() -> Iterator[None]:
    """Without systemd a package whose service does not start counts as not installed: start it later."""
    if systemd_runs() or _SERVICE_POLICY.exists():
        yield
        return
    _SERVICE_POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    _SERVICE_POLICY.chmod(0o755)
    try:
        yield
    finally:
        _SERVICE_POLICY.unlink()
