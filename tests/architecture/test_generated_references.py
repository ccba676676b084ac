"""What is generated from the code and committed equals what the code generates now."""

import subprocess
import sys
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("service", ["auth", "inventory", "monitor", "provisioner", "terminal"])
def test_the_committed_openapi_document_is_the_services_own(service: str) -> None:
    generated = subprocess.run(
        [sys.executable, "-m", f"hcmp_{service}.openapi"], check=True, capture_output=True, text=True
    ).stdout
    committed = (REFERENCE / "openapi" / f"{service}.json").read_text()
    assert generated == committed, f"run: python -m hcmp_{service}.openapi > docs/reference/openapi/{service}.json"
