"""How long a project may keep its machines, and when it is warned that this ends."""

from datetime import UTC, datetime, timedelta

import pytest

from hcmp_contracts.project import (
    LeaseExtended,
    LeaseWarning,
    PlannedStep,
    ProjectEvent,
    ProjectProvisioned,
    ProjectRequested,
    ProvisioningFailed,
    ProvisioningStarted,
    RoleCount,
    TeardownStarted,
)
from hcmp_provisioner.domain.commands import ExtendLease, WarnOfLease
from hcmp_provisioner.domain.errors import LeaseLimitError, LeaseWarningEarlyError
from hcmp_provisioner.domain.lease import first_lease
from hcmp_provisioner.domain.project import PROJECT
from hcmp_testkit.scenario import scenario

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STARTED = ProvisioningStarted(attempt=1, worker="w", first_step=1)
COMPLETED = ProjectProvisioned(attempt=1, log_sequence=0)
FAILED = ProvisioningFailed(attempt=1, reason="run-failed", detail="why", log_sequence=0)


def leased(ends_at: datetime | None, *then: ProjectEvent) -> list[ProjectEvent]:
    asked = ProjectRequested(
        name="shop",
        owner_id="kim",
        owner_username="kim",
        template="single",
        packages=[],
        roles=[RoleCount(name="all", count=1)],
        steps=[PlannedStep(number=1, name="Prepare", play="a.yml")],
        lease_expires_at=ends_at,
    )
    return [asked, *then]


@pytest.mark.parametrize(("left", "hours"), [(DAY, 24), (23 * HOUR, 24), (HOUR, 1), (HOUR / 2, 1)])
def test_a_lease_is_warned_of_when_it_ends_soon(left: timedelta, hours: int) -> None:
    ends_at = NOW + left
    for running in ([], [STARTED], [STARTED, COMPLETED]):
        given = leased(ends_at, *running)
        scenario(PROJECT).given(*given).when(WarnOfLease(NOW)).then(LeaseWarning(ends_at=ends_at, hours=hours))


def test_a_lease_that_ends_later_is_warned_of_later() -> None:
    with pytest.raises(LeaseWarningEarlyError) as early:
        PROJECT.decide(WarnOfLease(NOW), PROJECT.fold(leased(NOW + DAY + HOUR)))
    assert (early.value.due_at, early.value.hours) == (NOW + HOUR, 24)


def test_each_warning_is_given_once_a_lease() -> None:
    ends_at = NOW + DAY
    given = leased(ends_at, LeaseWarning(ends_at=ends_at, hours=24))
    scenario(PROJECT).given(*given).when(WarnOfLease(NOW + HOUR)).then()
    last = LeaseWarning(ends_at=ends_at, hours=1)
    scenario(PROJECT).given(*given).when(WarnOfLease(ends_at - HOUR)).then(last)
    scenario(PROJECT).given(*given, last).when(WarnOfLease(ends_at - HOUR / 2)).then()


def test_an_extended_lease_is_warned_of_again() -> None:
    ends_at, later = NOW + HOUR, NOW + HOUR + DAY
    warned: list[ProjectEvent] = [
        LeaseWarning(ends_at=ends_at, hours=1),
        LeaseExtended(before=ends_at, after=later),
    ]
    given = leased(ends_at, STARTED, COMPLETED, *warned)
    scenario(PROJECT).given(*given).when(WarnOfLease(NOW + HOUR)).then(LeaseWarning(ends_at=later, hours=24))


@pytest.mark.parametrize(
    "given",
    [
        [],
        leased(None),
        leased(NOW),
        leased(NOW + HOUR, STARTED, FAILED),
        leased(NOW + HOUR, STARTED, COMPLETED, TeardownStarted(reason="requested")),
    ],
    ids=["unknown", "without a lease", "over", "failed", "on its way out"],
)
def test_what_holds_nothing_or_has_no_end_is_not_warned_of(given: list[ProjectEvent]) -> None:
    scenario(PROJECT).given(*given).when(WarnOfLease(NOW)).then()


def test_a_lease_is_extended_up_to_the_limit_and_no_further() -> None:
    ends_at = NOW + DAY
    given = leased(ends_at, STARTED, COMPLETED)
    extended = LeaseExtended(before=ends_at, after=NOW + 10 * DAY)
    scenario(PROJECT).given(*given).when(ExtendLease(9, NOW, 10 * DAY)).then(extended)
    with pytest.raises(LeaseLimitError) as refused:
        PROJECT.decide(ExtendLease(10, NOW, 10 * DAY), PROJECT.fold(given))
    assert refused.value.latest == NOW + 10 * DAY


def test_a_first_lease_keeps_to_the_limit_too() -> None:
    assert first_lease(10, now=NOW, longest=10 * DAY) == NOW + 10 * DAY
    with pytest.raises(LeaseLimitError):
        first_lease(11, now=NOW, longest=10 * DAY)
