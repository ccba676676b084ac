"""The installation whose processes are killed: the product's own, with a quick template and with traps set."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcmp_testkit.ambushed import AmbushedInstallation, bring_up_ambushed
from hcmp_testkit.installation import remove

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def installation() -> Iterator[AmbushedInstallation]:
    """Brought up for the run and removed afterwards, unless HCMP_TEST_HOME names one that is to be kept."""
    kept = os.environ.get("HCMP_TEST_HOME")
    home = Path(f"{kept}-ambushed") if kept else Path(tempfile.mkdtemp(prefix="hcmp-faults-"))
    try:
        yield bring_up_ambushed(home, checkout=CHECKOUT)
    finally:
        if not kept:
            remove(home)
            shutil.rmtree(home)
