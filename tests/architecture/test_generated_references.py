"""What is generated from the code and committed equals what the code generates now."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.parametrize("service", ["auth", "inventory", "monitor", "provisioner", "terminal"])
def test_the_committed_openapi_document_is_the_services_own(service: str) -> None:
    generated = subprocess.run(
        [sys.executable, "-m", f"hcmp_{service}.openapi"], check=True, capture_output=True, text=True
    ).stdout
    committed = (REFERENCE / "openapi" / f"{service}.json").read_text()
    assert generated == committed, f"run: python -m hcmp_{service}.openapi > docs/reference/openapi/{service}.json"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("hcmp_contracts.asyncapi tests/golden/events", "asyncapi.json"),
        ("hcmp_contracts.event_pages", "events.md"),
    ],
)
def test_the_committed_catalogue_of_events_is_the_contracts_own(command: str, name: str) -> None:
    generated = subprocess.run(
        [sys.executable, "-m", *command.split()], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout
    assert generated == (REFERENCE / name).read_text(), f"run: python -m {command} > docs/reference/{name}"
