"""`hcmp demo` and its counterparts: the platform together with its lab of six machines."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from hcmp_cli import gateway, home, lab, lab_record, ports
from hcmp_cli.home import REPOSITORY, Home, write_private
from hcmp_cli.installation import Installation, open_home
from hcmp_cli.lab_record import LabRecord
from hcmp_cli.operator_client import Operator, SignInRefusedError
from hcmp_cli.probes import http_answers
from hcmp_cli.report import Report
from hcmp_cli.services import OPERATOR

MACHINES = 6


def run(path: Path, report: Report, *, free_ports: bool) -> None:
    """Bring everything up, furnish the pool, and say where the platform is."""
    opened = open_home(path, free_ports=free_ports)
    with report.step("Container engine"):
        lab.ensure_engine(report, opened.home.logs)
    with report.step("Images of the lab"):
        images = lab.ensure_images(report)
    known = lab_record.load(opened.home)
    record = LabRecord(images.lab, images.prometheus, furnished=known.furnished if known else 0)
    lab_record.save(opened.home, record)
    installation = start(path, report, free_ports=free_ports)
    try:
        _furnish(installation, record, report)
    except SignInRefusedError:
        if not record.furnished:
            raise
        report.say("[yellow]The operator's password was changed: the one below is no longer it.[/yellow]")
    _tell(installation, report)


def start(path: Path, report: Report, *, free_ports: bool) -> Installation:
    """Start what the installation consists of; its machines start beside the services."""
    record = lab_record.load(home.create(path))
    installation = open_home(path, free_ports=free_ports, lab_image=record.machine_image if record else None)
    if record is None:
        installation.start(report)
        return installation
    lab.ensure_engine(report, installation.home.logs)
    with _beside(lambda: lab.start_machines(installation.home.installation)):
        installation.start(report)
    with report.step("Prometheus"):
        _start_prometheus(installation, record)
    return installation


def stop(found: Home, report: Report) -> None:
    installation = open_home(found.path)
    with report.step("Services, gateway and servers end"):
        installation.stop()
    if lab_record.load(found):
        with report.step("Lab machines stop"):
            lab.stop_all(found.installation)


def remove(found: Home, report: Report) -> None:
    installation = open_home(found.path)
    with report.step("Services, gateway and servers end"):
        installation.stop()
    if lab_record.load(found):
        _remove_machines(found, report)
    home.remove(found)


def _remove_machines(found: Home, report: Report) -> None:
    try:
        with report.step("Lab machines are removed"):
            lab.remove_all(found.installation)
    except lab.LabError as error:
        report.say(f"[yellow]Containers labelled hcmp.installation={found.installation} stay: {error}[/yellow]")


def _start_prometheus(installation: Installation, record: LabRecord) -> None:
    port = installation.ports.prometheus
    if not http_answers(port, "/-/healthy"):
        ports.refuse_taken(installation.home, "prometheus", port)
    installation.credentials.password("service-discovery")
    lab.start_prometheus(
        installation.home.installation,
        port=port,
        gateway_url=gateway.url(installation.ports),
        sd_token_file=installation.home.secrets / "service-discovery.password",
        image=record.prometheus_image,
    )


def _furnish(installation: Installation, record: LabRecord, report: Report) -> None:
    """Six machines in an empty pool; an import that was interrupted is completed, never doubled."""
    with signed_in(installation) as operator:
        if record.furnished and operator.has_machines():
            return
        with report.step(f"{MACHINES} lab machines"):
            operator.import_lab_machines(MACHINES, key=f"lab-machines-{record.furnished}")
            operator.await_available(MACHINES, tell=report)
    lab_record.mark_furnished(installation.home, record)


def signed_in(installation: Installation) -> Operator:
    """The operator, who is signed in within the block."""
    password = installation.platform.operator_password()
    return Operator(gateway.url(installation.ports), OPERATOR, password)


def _tell(installation: Installation, report: Report) -> None:
    url = gateway.url(installation.ports)
    password = installation.platform.operator_password()
    written = json.dumps({"url": url, "username": OPERATOR, "password": password}) + "\n"
    demo = installation.home.demo
    if not demo.exists() or demo.read_text(encoding="utf-8") != written:
        write_private(demo, written)
    if not (REPOSITORY / "web" / "dist" / "index.html").exists():
        report.say("[yellow]The web interface is not built: run `make web`.[/yellow]")
    report.say(f"\n  [bold]{url}[/bold]\n  name      {OPERATOR}\n  password  {password}\n")
    report.say(f"  Stop it with `make down`; its logs are in {installation.home.logs}.")


@contextmanager
def _beside(work: Callable[[], None]) -> Iterator[None]:
    """Do the work while the body runs, and end with whatever either of them raised."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(work)
        yield
        future.result()
