"""Which lab an installation has, so that a later start brings it back."""

import json
from dataclasses import asdict, dataclass, replace

from hcmp_cli.home import Home, write_private


@dataclass(frozen=True)
class LabRecord:
    machine_image: str
    prometheus_image: str
    # How often the pool was furnished. Once it was, an operator who removes a machine does not get
    # it back; only an empty pool is furnished again.
    furnished: int = 0


def load(home: Home) -> LabRecord | None:
    path = home.path / "lab.json"
    if not path.exists():
        return None
    return LabRecord(**json.loads(path.read_text(encoding="utf-8")))


def save(home: Home, record: LabRecord) -> None:
    if load(home) != record:
        write_private(home.path / "lab.json", json.dumps(asdict(record)) + "\n")


def mark_furnished(home: Home, record: LabRecord) -> None:
    save(home, replace(record, furnished=record.furnished + 1))
