"""The Debian that the lab's images stand on: pulled where a registry answers, else made with debootstrap."""

import re
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

from docker import DockerClient
from docker.errors import DockerException, ImageNotFound

from hcmp_cli.lab.debian import install_packages, may_install_packages
from hcmp_cli.lab.engine import Report
from hcmp_cli.lab.errors import ImageBuildFailed

_SUITE = "bookworm"
_PULLED = f"debian:{_SUITE}-slim"
_MADE = f"hcmp-base:{_SUITE}"
_REGISTRY_ANSWERS_WITHIN = 8.0


def ensure_base(client: DockerClient, report: Report) -> str:
    """The name of an image of Debian that is on this computer."""
    for name in (_PULLED, _MADE):
        if image_exists(client, name):
            return name
    report(f"Fetching the base image {_PULLED}")
    if _pull(client):
        return _PULLED
    report("No image registry answers: making the base with debootstrap (about a minute, once)")
    _debootstrap(client)
    return _MADE


def image_exists(client: DockerClient, name: str) -> bool:
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def _pull(client: DockerClient) -> bool:
    """Pull, unless the registry is silent: an engine may wait minutes for one that cannot be reached."""
    answered = threading.Event()
    succeeded = threading.Event()

    def pull() -> None:
        try:
            for line in client.api.pull(*_PULLED.split(":"), stream=True, decode=True):
                if "error" in line:
                    return
                answered.set()
            if image_exists(client, _PULLED):
                succeeded.set()
        except DockerException:
            return
        finally:
            answered.set()

    puller = threading.Thread(target=pull, name="pull", daemon=True)
    puller.start()
    if answered.wait(_REGISTRY_ANSWERS_WITHIN):
        puller.join()
    return succeeded.is_set()


def _debootstrap(client: DockerClient) -> None:
    if not may_install_packages():
        raise ImageBuildFailed(
            f"No image registry answers, and only root on Debian or Ubuntu can make the base image itself:"
            f" load the image {_PULLED} into the container engine, and run this again."
        )
    if shutil.which("debootstrap") is None:
        install_packages("debootstrap", "debian-archive-keyring")
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="hcmp-base-") as folder:
        root = Path(folder) / "root"
        # In a mount namespace of its own: what debootstrap mounts goes with it, even when it is interrupted.
        command = ["unshare", "--mount", "debootstrap", "--variant=minbase", _SUITE, str(root)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
            raise ImageBuildFailed(f"debootstrap could not make the base image:\n{last}")
        _add_security_fixes(root / "etc/apt/sources.list")
        _import(client, root)


def _add_security_fixes(sources: Path) -> None:
    """What debootstrap leaves out: the suites of point releases and of security fixes."""
    text = sources.read_text(encoding="utf-8")
    match = re.search(rf"^deb (\S+?)/debian/? {_SUITE} main", text, re.MULTILINE)
    if match is None:
        return
    archive = match.group(1)
    sources.write_text(
        f"deb {archive}/debian {_SUITE} main\n"
        f"deb {archive}/debian {_SUITE}-updates main\n"
        f"deb {archive}/debian-security {_SUITE}-security main\n",
        encoding="utf-8",
    )


def _import(client: DockerClient, root: Path) -> None:
    command = ["tar", "-C", str(root), "--numeric-owner", "--exclude=./var/cache/apt/archives/*.deb", "-c", "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as archive:
        repository, tag = _MADE.split(":")
        client.api.import_image_from_stream(archive.stdout, repository=repository, tag=tag)
    if archive.returncode != 0 or not image_exists(client, _MADE):
        raise ImageBuildFailed("The base image could not be given to the container engine.")
