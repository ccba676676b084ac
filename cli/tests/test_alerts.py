"""The alerts that ship: Prometheus' own tool finds them right, and each figure in them is one that there is."""

import re
from contextlib import closing

import docker
import pytest

from hcmp_cli import lab
from hcmp_cli.home import REPOSITORY

RULES = REPOSITORY / "deploy/prometheus"
ALERTS = (RULES / "alerts.yml").read_text(encoding="utf-8")
_SUFFIXES = re.compile("(_count|_sum|_bucket)$")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> lab.Images:
    lab.ensure_engine(print, tmp_path_factory.mktemp("engine"))
    return lab.ensure_images(print)


@pytest.mark.containers
@pytest.mark.timeout(600)
@pytest.mark.parametrize("task", [("check", "alerts.yml"), ("test", "alerts.test.yml")], ids=str)
def test_promtool_agrees_with_the_alerts(images: lab.Images, task: tuple[str, str]) -> None:
    """`promtool test rules` plays figures, and compares which alerts they raise."""
    verb, file = task
    with closing(docker.from_env()) as client:
        told = client.containers.run(
            images.prometheus,
            [verb, "rules", f"/rules/{file}"],
            entrypoint="/usr/bin/promtool",
            volumes={str(RULES): {"bind": "/rules", "mode": "ro"}},
            network_mode="none",
            remove=True,
            stderr=True,
        )
    assert b"SUCCESS" in told


@pytest.mark.parametrize("metric", sorted(set(re.findall(r"\bhcmp_\w+", ALERTS))))
def test_a_figure_of_the_alerts_is_one_that_a_process_shows(metric: str) -> None:
    name = f'"{_SUFFIXES.sub("", metric)}"'
    sources = [path for folder in ("libs", "services") for path in (REPOSITORY / folder).glob("*/src/**/*.py")]
    assert any(name in path.read_text(encoding="utf-8") for path in sources)
