"""Who may take a machine, and how it comes back."""

import pytest

from hcmp_contracts.cause import Cause
from hcmp_contracts.vm import (
    VmAssigned,
    VmCredentialReencrypted,
    VmDrifted,
    VmEvent,
    VmHostKeyChanged,
    VmLabelsChanged,
    VmMaintenanceEnded,
    VmMaintenanceStarted,
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
    ChangeLabels,
    EndMaintenance,
    FinishRecycle,
    Quarantine,
    RecycleOnDemand,
    Register,
    Release,
    ReleaseQuarantine,
    ReplaceCiphertext,
    ReportHostKey,
    Reserve,
    Retire,
    StartMaintenance,
    StartRecycle,
    VmCommand,
)
from hcmp_inventory.domain.vm_errors import (
    VmInUseError,
    VmNameTakenError,
    VmNotAvailableError,
    VmNotHeldError,
    VmUnknownError,
    VmWrongStatusError,
)
from hcmp_inventory.domain.vm_situations import Available, Vm
from hcmp_testkit.machines import registered
from hcmp_testkit.scenario import Scenario, scenario

REGISTERED = registered("lab-01", provider="docker", host_key="ssh-ed25519 FIRST", request_id="request")
STATIC = REGISTERED.model_copy(update={"provider": "static"})
RESERVED = VmReserved(project_id="p", owner_id="mina", role="web")
ASSIGNED = VmAssigned(project_id="p")
RELEASED = VmReleased(project_id="p", reason="deleted")
STARTED = VmRecycleStarted()
RECYCLED = VmRecycled(
    **{name: getattr(REGISTERED, name) for name in VmRecycled.model_fields.keys() - {"host_key"}},
    host_key="ssh-ed25519 SECOND",
)
RETIRED = VmRetired(reason="old", name="lab-01")
RESERVE = Reserve(project_id="p", owner_id="mina", role="web", host_key="ssh-ed25519 FIRST")


def given(*events: VmEvent) -> Scenario[VmCommand, Vm, VmEvent]:
    return scenario(DECIDER).given(*events)


def test_a_new_machine_is_registered() -> None:
    given().when(Register(REGISTERED)).then(REGISTERED)


def test_a_name_is_free_again_once_its_machine_was_retired() -> None:
    given(REGISTERED, RETIRED).when(Register(REGISTERED)).then(REGISTERED)


def test_a_name_in_the_pool_is_taken() -> None:
    other = REGISTERED.model_copy(update={"request_id": "another"})
    given(REGISTERED).when(Register(other)).then_raises(VmNameTakenError, name="lab-01")


def test_the_same_registration_again_changes_nothing() -> None:
    given(REGISTERED).when(Register(REGISTERED)).then_nothing()


def test_registrations_without_a_request_are_never_the_same() -> None:
    nameless = REGISTERED.model_copy(update={"request_id": ""})
    given(nameless).when(Register(nameless)).then_raises(VmNameTakenError)


def test_an_available_machine_is_reserved() -> None:
    given(REGISTERED).when(RESERVE).then(RESERVED)


def test_the_same_reservation_again_changes_nothing() -> None:
    given(REGISTERED, RESERVED).when(RESERVE).then_nothing()


@pytest.mark.parametrize(
    ("history", "status"),
    [
        ((REGISTERED, VmReserved(project_id="q", owner_id="jun", role="db")), "provisioning"),
        ((REGISTERED, RESERVED, ASSIGNED), "assigned"),
        ((REGISTERED, RESERVED, RELEASED), "recycling"),
        ((REGISTERED, RESERVED, RELEASED, STARTED), "recycling"),
        ((REGISTERED, VmQuarantined(reason="broken")), "quarantined"),
        ((REGISTERED, VmMaintenanceStarted(reason="disk")), "maintenance"),
        ((REGISTERED, RETIRED), "retired"),
        ((), "retired"),
    ],
)
def test_no_other_machine_is_reserved(history: tuple[VmEvent, ...], status: str) -> None:
    given(*history).when(RESERVE).then_raises(VmNotAvailableError, status=status)


def test_a_machine_that_was_made_anew_meanwhile_is_not_reserved_as_it_was() -> None:
    given(REGISTERED, STARTED, RECYCLED).when(RESERVE).then_raises(VmNotAvailableError)


def test_a_reserved_machine_is_assigned_to_its_project() -> None:
    given(REGISTERED, RESERVED).when(Assign("p")).then(ASSIGNED)


def test_the_same_assignment_again_changes_nothing() -> None:
    given(REGISTERED, RESERVED, ASSIGNED).when(Assign("p")).then_nothing()


@pytest.mark.parametrize("history", [(REGISTERED,), (REGISTERED, RESERVED), ()])
def test_a_machine_is_not_assigned_to_a_project_that_does_not_hold_it(history: tuple[VmEvent, ...]) -> None:
    given(*history).when(Assign("stranger")).then_raises(VmNotHeldError, project_id="stranger")


@pytest.mark.parametrize("held", [(REGISTERED, RESERVED), (REGISTERED, RESERVED, ASSIGNED)])
def test_a_held_machine_is_released_by_its_project(held: tuple[VmEvent, ...]) -> None:
    given(*held).when(Release("p", "deleted")).then(RELEASED)
    given(*held).when(Release("stranger", "deleted")).then_nothing()


@pytest.mark.parametrize("history", [(), (REGISTERED,), (REGISTERED, RESERVED, RELEASED), (REGISTERED, RETIRED)])
def test_giving_back_what_is_not_held_changes_nothing(history: tuple[VmEvent, ...]) -> None:
    given(*history).when(Release("p", "deleted")).then_nothing()


def test_a_released_machine_is_recycled_and_available_under_its_new_host_key() -> None:
    used = given(REGISTERED, RESERVED, RELEASED)
    used.when(StartRecycle()).then(STARTED)
    used.given(STARTED).when(FinishRecycle(RECYCLED)).then(RECYCLED)
    made_new = REGISTERED.model_copy(update={"host_key": "ssh-ed25519 SECOND"})
    used.given(STARTED, RECYCLED).then_state(Available(made_new))


@pytest.mark.parametrize("history", [(REGISTERED,), (REGISTERED, RESERVED), (REGISTERED, STARTED), ()])
def test_a_release_that_is_heard_twice_starts_no_second_recycle(history: tuple[VmEvent, ...]) -> None:
    given(*history).when(StartRecycle()).then_nothing()


def test_the_end_of_a_recycle_heard_twice_changes_nothing() -> None:
    given(REGISTERED, STARTED, RECYCLED).when(FinishRecycle(RECYCLED)).then_nothing()


def test_of_two_recycles_at_once_the_last_host_key_counts() -> None:
    third = RECYCLED.model_copy(update={"host_key": "ssh-ed25519 THIRD"})
    given(REGISTERED, STARTED, RECYCLED).when(FinishRecycle(third)).then(third)


@pytest.mark.parametrize("history", [(REGISTERED,), (REGISTERED, VmQuarantined(reason="x"))])
def test_an_operator_recycles_what_nobody_holds(history: tuple[VmEvent, ...]) -> None:
    given(*history).when(RecycleOnDemand()).then(STARTED)


def test_an_operator_does_not_recycle_what_is_held_kept_or_gone() -> None:
    given(REGISTERED, RESERVED).when(RecycleOnDemand()).then_raises(VmInUseError, project_id="p")
    given(REGISTERED, VmMaintenanceStarted(reason="x")).when(RecycleOnDemand()).then_raises(VmWrongStatusError)
    given(REGISTERED, RETIRED).when(RecycleOnDemand()).then_raises(VmUnknownError)
    given(REGISTERED, STARTED).when(RecycleOnDemand()).then_nothing()


def test_a_machine_that_was_added_by_hand_cannot_be_recycled() -> None:
    given(STATIC).when(RecycleOnDemand()).then(STARTED)


def test_a_machine_whose_recycle_failed_is_quarantined_with_the_reason() -> None:
    failed = Quarantine(Reason("recycling failed"))
    given(REGISTERED, STARTED).when(failed).then(VmQuarantined(reason="recycling failed"))
    given(REGISTERED, VmQuarantined(reason="x")).when(failed).then_nothing()
    given(REGISTERED, RESERVED).when(failed).then_raises(VmInUseError)


def test_an_operator_vouches_for_a_quarantined_machine() -> None:
    as_it_was = VmRecycled(**{name: getattr(REGISTERED, name) for name in VmRecycled.model_fields})
    given(REGISTERED, VmQuarantined(reason="x")).when(ReleaseQuarantine()).then(as_it_was)
    given(REGISTERED).when(ReleaseQuarantine()).then_nothing()
    given(REGISTERED, STARTED).when(ReleaseQuarantine()).then_raises(VmWrongStatusError, status="recycling")


def test_maintenance_keeps_an_available_machine_out_of_the_pool() -> None:
    started = VmMaintenanceStarted(reason="disk")
    given(REGISTERED).when(StartMaintenance("disk")).then(started)
    given(REGISTERED, started).when(StartMaintenance("disk")).then_nothing()
    given(REGISTERED, started).when(EndMaintenance()).then(VmMaintenanceEnded())
    given(REGISTERED).when(EndMaintenance()).then_nothing()
    given(REGISTERED, RESERVED, ASSIGNED).when(StartMaintenance("disk")).then_raises(VmInUseError, project_id="p")
    given(REGISTERED, VmQuarantined(reason="x")).when(EndMaintenance()).then_raises(VmWrongStatusError)


def test_another_host_key_quarantines_a_machine_that_nobody_holds() -> None:
    changed = VmHostKeyChanged(pinned="ssh-ed25519 FIRST", presented="ssh-ed25519 OTHER")
    report = ReportHostKey("ssh-ed25519 OTHER")
    quarantined = VmQuarantined(
        reason="its SSH host key is not the pinned one", causes=[Cause.of("host-key-other")]
    )
    given(REGISTERED).when(report).then(changed, quarantined)
    given(REGISTERED, RESERVED).when(report).then(changed)
    given(REGISTERED, RESERVED, changed).when(report).then_nothing()
    given(REGISTERED, STARTED).when(report).then_nothing()


def test_a_host_key_that_is_the_pinned_one_again_is_told_once() -> None:
    changed = VmHostKeyChanged(pinned="ssh-ed25519 FIRST", presented="ssh-ed25519 OTHER")
    back = VmDrifted(what="host-key", before="ssh-ed25519 OTHER", after="ssh-ed25519 FIRST")
    given(REGISTERED, RESERVED, changed).when(ReportHostKey("ssh-ed25519 FIRST")).then(back)
    given(REGISTERED, RESERVED, changed, back).when(ReportHostKey("ssh-ed25519 FIRST")).then_nothing()


def test_labels_are_replaced() -> None:
    change = ChangeLabels({"rack": "3"})
    given(REGISTERED).when(change).then(VmLabelsChanged(before={}, after={"rack": "3"}))
    given(REGISTERED, VmLabelsChanged(before={}, after={"rack": "3"})).when(change).then_nothing()
    given(REGISTERED, RETIRED).when(change).then_raises(VmUnknownError)


def test_only_a_reset_retires_a_machine_that_is_in_use() -> None:
    in_use = given(REGISTERED, RESERVED)
    in_use.when(Retire(Reason("old"))).then_raises(VmInUseError, project_id="p")
    in_use.when(Retire(Reason("old"), even_if_busy=True)).then(RETIRED.model_copy(update={"project_id": "p"}))
    given(REGISTERED, STARTED).when(Retire(Reason("old"))).then_raises(VmWrongStatusError, attempted="retire")
    given(REGISTERED).when(Retire(Reason("old"))).then(RETIRED)
    given(REGISTERED, RETIRED).when(Retire(Reason("old"))).then_nothing()
    given().when(Retire(Reason("old"))).then_raises(VmUnknownError)


def test_a_credential_is_kept_under_another_key_unless_it_was_changed_meanwhile() -> None:
    command = ReplaceCiphertext(former="sealed", credential="sealed anew")
    registered = REGISTERED.model_copy(update={"credential": "sealed"})
    renewed = VmCredentialReencrypted(credential="sealed anew")
    scenario(DECIDER).given(registered).when(command).then(renewed)
    scenario(DECIDER).given(registered, renewed).when(command).then_nothing()
    scenario(DECIDER).given(registered, VmRetired(reason="sold")).when(command).then_nothing()


def test_a_machine_that_could_not_be_cleaned_leaves_all_the_same_and_says_why() -> None:
    silent = Cause.of("no-answer", host="10.0.0.5", port=22)
    retire = Retire(Reason("factory reset"), even_if_busy=True, unclean=Reason("it does not answer", (silent,)))
    left = VmRetired(
        reason="factory reset; not cleaned: it does not answer",
        forgotten=True,
        name="lab-01",
        unclean="it does not answer",
        causes=[Cause.of("left-unclean"), silent],
    )
    scenario(DECIDER).given(REGISTERED, VmQuarantined(reason="used")).when(retire).then(left)
