"""The broker refuses a consumer whose filters overlap: a read model with such would never see a new event."""

import importlib
from itertools import combinations

import pytest

from hcmp_eventstore.projection import ReadModel

MODELS = {
    "auth": ("hcmp_auth.projections.accounts", "MODEL"),
    "inventory": ("hcmp_inventory.projections.model", "MODEL"),
    "monitor": ("hcmp_monitor.projections.model", "MODEL"),
    "provisioner": ("hcmp_provisioner.projections.read_model", "READ_MODEL"),
    "terminal": ("hcmp_terminal.projections.model", "MODEL"),
}


def overlap(one: str, other: str) -> bool:
    """Whether some subject fits both filters."""
    for word, another in zip(one.split("."), other.split("."), strict=False):
        if ">" in (word, another):
            return True
        if word != another and "*" not in (word, another):
            return False
    return one.count(".") == other.count(".")


@pytest.mark.parametrize("service", MODELS)
def test_the_filters_of_a_read_model_do_not_overlap(service: str) -> None:
    module, name = MODELS[service]
    model = getattr(importlib.import_module(module), name)
    assert isinstance(model, ReadModel)
    assert [pair for pair in combinations(model.subjects, 2) if overlap(*pair)] == []
