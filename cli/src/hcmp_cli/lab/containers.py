"""The containers, the network and the volumes of one installation: started, stopped and removed together."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from docker import DockerClient
from docker.errors import APIError, NotFound
from docker.models.containers import Container

from hcmp_cli.lab.engine import connect, engine_answers

INSTALLATION_LABEL = "hcmp.installation"
MACHINE_LABEL = "hcmp.machine"

# An engine is slowed down more than helped by dozens of calls at once.
_AT_ONCE = 4
_STOP_SECONDS = 5


def start_machines(installation: str) -> None:
    """Start every machine that exists; each keeps its address, its ports and its host key."""
    labels = [f"{INSTALLATION_LABEL}={installation}", MACHINE_LABEL]
    with closing(connect()) as client:
        machines = client.containers.list(all=True, filters={"label": labels}, ignore_removed=True)
        _each(machines, lambda machine: machine.start())


def stop_all(installation: str) -> None:
    """Stop machines and Prometheus; what they hold stays. Without an engine nothing runs."""
    if not engine_answers():
        return
    with closing(connect()) as client:
        _each(_containers(client, installation), lambda container: container.stop(timeout=_STOP_SECONDS))


def remove_all(installation: str) -> None:
    """Remove everything that carries the installation's label. What is gone already is no error."""
    label = {"label": f"{INSTALLATION_LABEL}={installation}"}
    with closing(connect()) as client:
        _each(_containers(client, installation), lambda container: container.remove(force=True, v=True))
        for network in client.networks.list(filters=label):
            _unless_gone(network.remove)
        for volume in client.volumes.list(filters=label):
            _unless_gone(volume.remove)


def _containers(client: DockerClient, installation: str) -> list[Container]:
    label = f"{INSTALLATION_LABEL}={installation}"
    found: list[Container] = client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
    return found


def _each(containers: list[Container], action: Callable[[Container], None]) -> None:
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="lab") as pool:
        for _ in pool.map(lambda container: _unless_gone(lambda: action(container)), containers):
            pass


def _unless_gone(action: Callable[[], None]) -> None:
    try:
        action()
    except NotFound:
        return
    except APIError as error:
        if "already in progress" not in str(error):
            raise
