"""What is seen of a machine from outside: who is set aside for it, who comes back, and who is left alone."""

import pytest

from hcmp_contracts.vm import (
    VmAssigned,
    VmDrifted,
    VmEvent,
    VmHostKeyChanged,
    VmQuarantined,
    VmRecycled,
    VmRecycleStarted,
    VmReleased,
    VmReserved,
    VmRetired,
)
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.domain.vm import DECIDER
from hcmp_inventory.domain.vm_commands import (
    Assign,
    FinishRecycle,
    Recover,
    ReleaseQuarantine,
    ReportDrift,
    ReportGone,
    ReportHostKey,
    SetAside,
    VmCommand,
)
from hcmp_inventory.domain.vm_observations import OTHER_KEY, quarantined
from hcmp_inventory.domain.vm_situations import Available, Difference, Vm
from hcmp_testkit.machines import registered
from hcmp_testkit.scenario import Scenario, scenario

KEY = "ssh-ed25519 FIRST"
OTHER = "ssh-ed25519 OTHER"
REGISTERED = registered("lab-01", address="10.0.0.1", host_key=KEY, baseline=["user hcmp"])
RESERVED = VmReserved(project_id="p", owner_id="mina", role="web")
ASSIGNED = VmAssigned(project_id="p")
SAME = VmRecycled(**{name: getattr(REGISTERED, name) for name in VmRecycled.model_fields.keys() - {"baseline"}})
AWAY = VmQuarantined(reason="it does not answer", unreachable=True)
FULL = VmQuarantined(reason="its disk is full")
GONE = ReportGone(Reason("deleted in its provider"), KEY)


def given(*events: VmEvent) -> Scenario[VmCommand, Vm, VmEvent]:
    return scenario(DECIDER).given(*events)


def test_a_ready_machine_that_fails_its_probe_is_quarantined() -> None:
    given(REGISTERED).when(SetAside(Reason("its disk is full"), KEY)).then(FULL)
    given(REGISTERED).when(SetAside(Reason("it does not answer"), KEY, unreachable=True)).then(AWAY)


@pytest.mark.parametrize(
    "since",
    [(RESERVED,), (RESERVED, ASSIGNED), (VmRecycleStarted(),), (VmRetired(reason="x"),), (FULL,)],
    ids=lambda events: events[-1].verb(),
)
def test_a_probe_that_comes_too_late_disturbs_nobody(since: tuple[VmEvent, ...]) -> None:
    given(REGISTERED, *since).when(SetAside(Reason("its disk is full"), KEY)).then_nothing()


def test_a_probe_of_the_machine_as_it_was_before_it_was_made_anew_counts_for_nothing() -> None:
    anew = SAME.model_copy(update={"host_key": OTHER})
    given(REGISTERED, VmRecycleStarted(), anew).when(SetAside(Reason("it does not answer"), KEY)).then_nothing()
    given(REGISTERED, VmRecycleStarted(), anew).when(GONE).then_nothing()
    given(REGISTERED, VmRecycleStarted(), anew).when(ReportDrift("power", "off", KEY)).then_nothing()
    given(REGISTERED, VmRecycleStarted(), anew).when(ReportHostKey(KEY, pinned=KEY)).then_nothing()


def test_a_machine_that_was_only_out_of_reach_comes_back_by_itself_and_no_other_does() -> None:
    given(REGISTERED, AWAY).when(Recover(KEY)).then(SAME)
    given(REGISTERED, AWAY).when(Recover(OTHER)).then_nothing()
    given(REGISTERED, FULL).when(Recover(KEY)).then_nothing()
    given(REGISTERED, RESERVED).when(Recover(KEY)).then_nothing()


def test_a_machine_that_answers_again_but_is_not_well_waits_for_the_operator() -> None:
    given(REGISTERED, AWAY).when(SetAside(Reason("its disk is full"), KEY)).then(FULL)
    given(REGISTERED, AWAY).when(SetAside(Reason("no answer"), KEY, unreachable=True)).then_nothing()
    changed = VmHostKeyChanged(pinned=KEY, presented=OTHER)
    given(REGISTERED, AWAY).when(ReportHostKey(OTHER)).then(changed, quarantined(OTHER_KEY))


def test_a_change_outside_is_told_once_and_once_more_when_it_is_undone() -> None:
    off = VmDrifted(what="power", before="on", after="off")
    given(REGISTERED, RESERVED).when(ReportDrift("power", "off", KEY)).then(off)
    given(REGISTERED, off).when(ReportDrift("power", "off", KEY)).then_nothing()
    on = VmDrifted(what="power", before="off", after="on")
    given(REGISTERED, off).when(ReportDrift("power", "on", KEY)).then(on)
    given(REGISTERED).when(ReportDrift("power", "on", KEY)).then_nothing()


def test_an_address_that_changes_twice_is_told_from_where_it_was_last() -> None:
    moved = VmDrifted(what="address", before="10.0.0.1", after="10.0.0.7")
    given(REGISTERED).when(ReportDrift("address", "10.0.0.7", KEY)).then(moved)
    again = VmDrifted(what="address", before="10.0.0.7", after="10.0.0.8")
    given(REGISTERED, moved).when(ReportDrift("address", "10.0.0.8", KEY)).then(again)


def test_drift_is_remembered_until_it_is_undone_or_the_machine_is_made_anew() -> None:
    off = VmDrifted(what="power", before="on", after="off")
    key = VmHostKeyChanged(pinned=KEY, presented=OTHER)
    both = (Difference("power", "off"), Difference("host-key", OTHER))
    given(REGISTERED, off, key).then_state(Available(REGISTERED, both))
    on = VmDrifted(what="power", before="off", after="on")
    given(REGISTERED, off, key, on).then_state(Available(REGISTERED, (both[1],)))
    given(REGISTERED, off, key, VmRecycleStarted(), SAME).then_state(Available(REGISTERED))


def test_a_machine_that_is_being_made_anew_does_not_drift() -> None:
    released = VmReleased(project_id="p", reason="deleted")
    for since in ((VmRecycleStarted(),), (RESERVED, released)):
        given(REGISTERED, *since).when(ReportDrift("power", "off", KEY)).then_nothing()
        given(REGISTERED, *since).when(GONE).then_nothing()


def test_a_machine_that_was_deleted_outside_is_retired_and_says_whose_it_was() -> None:
    gone = VmRetired(reason="deleted in its provider", name="lab-01")
    given(REGISTERED).when(GONE).then(gone)
    given(REGISTERED, FULL).when(GONE).then(gone)
    his = gone.model_copy(update={"project_id": "p"})
    given(REGISTERED, RESERVED).when(GONE).then(his)
    given(REGISTERED, RESERVED, ASSIGNED).when(GONE).then(his)
    given(REGISTERED, his).when(GONE).then_nothing()


def test_the_end_of_a_run_whose_machine_is_gone_concerns_the_others_only() -> None:
    given(REGISTERED, RESERVED, VmRetired(reason="x")).when(Assign("p")).then_nothing()


def test_what_the_operator_vouches_for_is_what_belongs_there_from_now_on() -> None:
    given(REGISTERED, FULL).when(ReleaseQuarantine(("user hcmp", "port 9000"))).then(
        SAME.model_copy(update={"baseline": ["user hcmp", "port 9000"]})
    )
    kept = given(REGISTERED, FULL, SAME)
    kept.then_state(Available(REGISTERED))


def test_an_unclean_machine_is_known_under_its_new_key_and_goes_to_nobody() -> None:
    anew = SAME.model_copy(update={"host_key": OTHER})
    unclean = VmQuarantined(reason="a key is left")
    given(REGISTERED, VmRecycleStarted()).when(FinishRecycle(anew, Reason("a key is left"))).then(anew, unclean)
