"""The broker's configuration names every durable consumer of the code, so that no other service may touch it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "deploy" / "nats" / "nats-server.conf").read_text()
REACTORS = ("Reactor", "FairReactor", "reactor")
# Only the provisioner's account reaches the stream TIMERS: its consumers there need no such line.
ON_TIMERS = "TIMERS"


def reactors(service: str) -> Iterator[str]:
    """The names in calls of `Reactor`, and of a function `reactor` that makes one, in a service's code."""
    for path in (ROOT / "services" / service / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "Reactor",
                "FairReactor",
                "reactor",
            ):
                values = [*node.args, *(keyword.value for keyword in node.keywords)]
                names = [value.value for value in values if isinstance(value, ast.Constant)]
                on_timers = any(getattr(value, "id", "") == ON_TIMERS for value in values)
                yield from (name for name in names[:1] if isinstance(name, str) and not on_timers)


def denied(variable: str) -> set[str]:
    [listed] = re.findall(rf"^{variable} = \[(.*?)^\]", CONFIGURATION, re.MULTILINE | re.DOTALL)
    return set(re.findall(r'"([^"]+)"', listed))


def patterns(consumer: str) -> set[str]:
    """All that one may ask the broker about a consumer by its name, and its acknowledgements."""
    return {
        f"$JS.API.CONSUMER.*.EVENTS.{consumer}",
        f"$JS.API.CONSUMER.*.*.EVENTS.{consumer}",
        f"$JS.API.CONSUMER.CREATE.EVENTS.{consumer}.>",
        f"$JS.ACK.EVENTS.{consumer}.>",
    }


@pytest.mark.parametrize("service", ["inventory", "provisioner"])
def test_every_reaction_is_closed_to_the_other_services(service: str) -> None:
    consumers = {f"{service}-{name}" for name in reactors(service)}
    assert consumers, "the audit found no reactor at all: it looks in the wrong place"
    needed = set().union(*(patterns(consumer) for consumer in consumers))
    assert denied(f"{service.upper()}S_CONSUMERS") == needed


@pytest.mark.parametrize("service", ["auth", "monitor", "terminal"])
def test_the_other_services_have_no_reaction(service: str) -> None:
    assert list(reactors(service)) == []


def test_whoever_has_no_reaction_is_kept_from_all() -> None:
    both = denied("INVENTORYS_CONSUMERS") | denied("PROVISIONERS_CONSUMERS")
    assert denied("SERVICES_CONSUMERS") == both
