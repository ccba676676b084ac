"""The lab's two images, built when their inputs change and never otherwise."""

import hashlib
import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from docker import DockerClient
from docker.errors import DockerException

from hcmp_cli.home import REPOSITORY
from hcmp_cli.lab.base import ensure_base, image_exists
from hcmp_cli.lab.engine import Report, connect
from hcmp_cli.lab.errors import ImageBuildFailed

_PACKAGES_OF_TEMPLATES = "playbooks/debian-packages.txt"


@dataclass(frozen=True, slots=True)
class Images:
    """The names of the images, each with a tag that follows from what it is made of."""

    lab: str
    prometheus: str


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What an image is made of: path in the build → bytes and whether it may be run."""

    name: str
    files: dict[str, tuple[bytes, bool]]

    @property
    def image(self) -> str:
        digest = hashlib.sha256()
        for path, (content, executable) in sorted(self.files.items()):
            digest.update(f"{path}\0{executable}\0{len(content)}\0".encode())
            digest.update(content)
        return f"{self.name}:{digest.hexdigest()[:12]}"

    def archive(self) -> io.BytesIO:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for path, (content, executable) in sorted(self.files.items()):
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(content), 0o755 if executable else 0o644
                archive.addfile(entry, io.BytesIO(content))
        buffer.seek(0)
        return buffer


def ensure_images(report: Report, *, checkout: Path = REPOSITORY) -> Images:
    """Both images, built first where this computer does not have them."""
    recipes = (_lab_recipe(checkout), _prometheus_recipe(checkout))
    with closing(connect()) as client:
        missing = [recipe for recipe in recipes if not image_exists(client, recipe.image)]
        if missing:
            base = ensure_base(client, report)
            with ThreadPoolExecutor(thread_name_prefix="build") as pool:
                list(pool.map(lambda recipe: _build(client, recipe, base, report), missing))
    return Images(*(recipe.image for recipe in recipes))


def _lab_recipe(checkout: Path) -> _Recipe:
    files = _files(checkout / "deploy/lab")
    files["debian-packages.txt"] = ((checkout / _PACKAGES_OF_TEMPLATES).read_bytes(), False)
    return _Recipe("hcmp-lab", files)


def _prometheus_recipe(checkout: Path) -> _Recipe:
    """Without prometheus.yml: the configuration is copied into the container, not into the image."""
    dockerfile = (checkout / "deploy/prometheus/Dockerfile").read_bytes()
    return _Recipe("hcmp-prometheus", {"Dockerfile": (dockerfile, False)})


def _files(folder: Path) -> dict[str, tuple[bytes, bool]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".md"
    }


def _build(client: DockerClient, recipe: _Recipe, base: str, report: Report) -> None:
    said: list[str] = []
    report(f"Building the image {recipe.image}")
    try:
        for message in client.api.build(
            fileobj=recipe.archive(),
            custom_context=True,
            tag=recipe.image,
            buildargs={"BASE": base},
            rm=True,
            forcerm=True,
            decode=True,
        ):
            if "error" in message:
                last = "\n".join(said[-8:])
                raise ImageBuildFailed(
                    f"The image {recipe.image} could not be built; its build ended with:\n{last}"
                )
            for line in message.get("stream", "").splitlines():
                if line.startswith("Step "):
                    report(f"{recipe.name}: {_short(line)}")
                elif line.strip():
                    said.append(line)
    except DockerException as error:
        raise ImageBuildFailed(f"{recipe.image} could not be built: {error}") from error


def _short(step: str) -> str:
    """A build's step without its continuation, short enough for a line of a terminal."""
    return step.split("   ", maxsplit=1)[0][:72]
