"""Which free machine plays which role."""

from collections.abc import Sequence
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from hcmp_contracts.vm import VmRegistered
from hcmp_inventory.domain.placing import Wanted, place
from hcmp_testkit.machines import registered

WEB = Wanted("web")
DB = Wanted("db")


def machines(*described: tuple[str, str, dict[str, str]]) -> dict[str, VmRegistered]:
    return {name: registered(name, placement=host, labels=labels) for name, host, labels in described}


def on_hosts(*hosts: str) -> dict[str, VmRegistered]:
    return machines(*((f"m{number}", host, {}) for number, host in enumerate(hosts)))


def hosts_of(wanted: Sequence[Wanted], free: dict[str, VmRegistered], role: str) -> list[str]:
    places = zip(wanted, place(wanted, free), strict=True)
    return sorted(free[vm_id].placement for one, vm_id in places if vm_id and one.role == role)


def test_without_hosts_and_labels_the_first_are_taken_in_turn() -> None:
    assert place([WEB, DB], on_hosts("", "", "")) == ["m0", "m1"]


def test_what_is_missing_stays_open() -> None:
    assert place([WEB, WEB, DB], on_hosts("")).count(None) == 2


def test_machines_of_a_role_run_on_different_hosts() -> None:
    assert hosts_of([WEB, WEB], on_hosts("esx-1", "esx-1", "esx-2"), "web") == ["esx-1", "esx-2"]


def test_they_share_a_host_when_there_is_no_other() -> None:
    assert hosts_of([WEB, WEB], on_hosts("esx-1", "esx-1"), "web") == ["esx-1", "esx-1"]


def test_a_role_of_one_machine_does_not_take_the_host_that_a_role_of_two_needs() -> None:
    wanted = [DB, WEB, WEB]
    assert hosts_of(wanted, on_hosts("esx-2", "esx-1", "esx-1"), "web") == ["esx-1", "esx-2"]


def test_two_roles_of_two_are_both_spread_when_they_can_be() -> None:
    wanted = [WEB, WEB, DB, DB]
    free = on_hosts("esx-2", "esx-3", "esx-1", "esx-1")
    for role in ("web", "db"):
        assert len(set(hosts_of(wanted, free, role))) == 2


def test_a_role_gets_only_machines_with_its_labels() -> None:
    free = machines(("small", "", {"size": "small"}), ("large", "", {"size": "large", "site": "a"}))
    assert place([Wanted("db", {"size": "large"})], free) == ["large"]
    assert place([Wanted("db", {"size": "huge"})], free) == [None]


def test_a_machine_that_suits_two_is_left_to_the_one_that_has_no_other() -> None:
    free = machines(("both", "", {"size": "large", "site": "a"}), ("large", "", {"size": "large"}))
    assert place([Wanted("db", {"size": "large"}), Wanted("web", {"site": "a"})], free) == ["large", "both"]


LABELS = st.dictionaries(st.sampled_from(["site", "size"]), st.sampled_from(["a", "b"]))


@given(
    st.lists(st.tuples(st.sampled_from(["x", "y"]), LABELS), max_size=4),
    st.lists(st.tuples(st.sampled_from(["", "h1", "h2"]), LABELS), max_size=4),
)
def test_as_many_are_served_as_any_assignment_could(
    needs: list[tuple[str, dict[str, str]]], pool: list[tuple[str, dict[str, str]]]
) -> None:
    wanted = [Wanted(role, labels) for role, labels in needs]
    free = machines(*((f"m{number}", host, labels) for number, (host, labels) in enumerate(pool)))
    places = place(wanted, free)
    taken = [vm_id for vm_id in places if vm_id]
    assert len(set(taken)) == len(taken)
    assert all(one.suits(free[vm_id]) for one, vm_id in zip(wanted, places, strict=True) if vm_id)
    candidates = [*free.values(), *[None] * len(wanted)]
    best = max(
        sum(machine is not None and one.suits(machine) for one, machine in zip(wanted, chosen, strict=True))
        for chosen in permutations(candidates, len(wanted))
    )
    assert len(taken) == best
