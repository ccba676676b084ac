"""An installation as a whole: what it consists of, how it starts, how it ends."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hcmp_cli import broker, gateway, home, ports, postgres
from hcmp_cli.credentials import Credentials
from hcmp_cli.errors import LauncherError
from hcmp_cli.home import Home
from hcmp_cli.ports import Ports
from hcmp_cli.probes import complaint, http_answers
from hcmp_cli.processes import Process
from hcmp_cli.report import Report
from hcmp_cli.services import Platform
from hcmp_cli.supervisor import Supervisor, log_file

_PATIENCE = 60.0  # a first start on a slow machine; a healthy one takes two seconds
_PATIENCE_WHEN_IT_DIES = 12.0


@dataclass(frozen=True)
class Installation:
    home: Home
    ports: Ports
    credentials: Credentials
    lab_image: str | None = None

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.home)

    @property
    def platform(self) -> Platform:
        return Platform(self.home, self.ports, self.credentials, self.lab_image)

    def servers(self, *, sync: str = broker.ALWAYS) -> list[Process]:
        return [
            postgres.process(self.home, self.ports.postgres),
            broker.process(self.home, self.ports, self.credentials, sync=sync),
        ]

    def start(self, report: Report) -> None:
        """Start what is not running: the servers, then the services, then the gateway."""
        if self.home.restoring.exists():
            raise LauncherError(
                f"A restore into {self.home.path} has not come to its end: run it again, or `hcmp clean`."
            )
        servers, services = self.servers(), list(self.platform.processes())
        entrance = gateway.process(self.home, self.ports)
        wanted = [*servers, *services, entrance]
        self._ensure_supervisor(wanted, report)
        self.start_servers(report)
        with report.step("Services"):
            self._bring_up(services, self._serves, report)
        with report.step("Gateway"):
            self._bring_up([entrance], lambda process: http_answers(process.port, "/healthz"), report)

    def start_servers(self, report: Report) -> None:
        with report.step("PostgreSQL and NATS"):
            self._bring_up(self.servers(), self._server_answers, report)
            postgres.prepare(self.credentials, self.ports.postgres)
            broker.prepare(self.ports, self.credentials)

    def start_bare_servers(self, report: Report) -> None:
        """As a restore needs them: the database with its roles, the broker without a stream and quick to fill."""
        with report.step("PostgreSQL and NATS"):
            self.launch(self.servers(sync=broker.LATER))
            self._bring_up(self.servers(), self._server_answers, report)
            postgres.prepare(self.credentials, self.ports.postgres)

    def stop(self) -> None:
        """End everything, what needs the servers first; the data stays."""
        names = list(self.supervisor.states())
        self.supervisor.stop(name for name in names if name not in {"postgres", "nats"})
        self.supervisor.end()

    def _ensure_supervisor(self, wanted: Sequence[Process], report: Report) -> None:
        if self.supervisor.runs_with(wanted):
            return
        if self.supervisor.answers():
            report.say("The settings have changed: everything starts again.")
        self.stop()
        self.launch(wanted)

    def launch(self, wanted: Sequence[Process]) -> None:
        for process in wanted:
            ports.refuse_taken(self.home, process.name, process.port)
        ports.refuse_taken(self.home, "nats_monitoring", self.ports.nats_monitoring)
        postgres.initialise(self.home, self.credentials)
        broker.initialise(self.home)
        self.supervisor.launch(wanted)

    def _bring_up(self, wanted: Sequence[Process], ready: Callable[[Process], bool], report: Report) -> None:
        """Start these together and wait until each answers; name the one that does not."""
        for process in wanted:
            self.supervisor.start(process.name)
        missing = {process.name: process for process in wanted}
        started = time.monotonic()
        while missing:
            for name in [name for name, process in missing.items() if ready(process)]:
                del missing[name]
            if missing:
                report(", ".join(missing))
                self._lose_patience(missing, time.monotonic() - started)
                time.sleep(0.1)

    def _lose_patience(self, missing: dict[str, Process], waited: float) -> None:
        states = self.supervisor.states()
        for name, process in missing.items():
            state = states[name].state if name in states else "absent"
            dies = state in {"BACKOFF", "FATAL", "EXITED"} and waited > _PATIENCE_WHEN_IT_DIES
            if dies or waited > _PATIENCE:
                how = "ends as soon as it has started" if dies else self._why_not(process)
                log = log_file(self.home, name)
                raise LauncherError(f"The process {name} {how}. Its log, {log}, ends with:", log=log)

    def _why_not(self, process: Process) -> str:
        found = complaint(process.port)
        return f"is not ready ({found})" if found else "does not answer"

    def _server_answers(self, process: Process) -> bool:
        if process.name == "nats":
            return broker.answers(self.ports)
        return postgres.answers(self.credentials, self.ports.postgres)

    def _serves(self, process: Process) -> bool:
        return http_answers(process.port, "/readyz")


def open_home(path: Path, *, free_ports: bool = False, lab_image: str | None = None) -> Installation:
    opened = home.create(path)
    return Installation(
        home=opened,
        ports=ports.load(opened, free=free_ports),
        credentials=Credentials(opened.secrets),
        lab_image=lab_image,
    )
