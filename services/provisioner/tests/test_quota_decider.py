"""What counts against an account's quotas, and what is refused because of it."""

from hypothesis import given
from hypothesis import strategies as st

from hcmp_contracts.quota import QuotaClaimed, QuotaEvent, QuotaReleased, QuotaRunEnded
from hcmp_provisioner.domain.errors import QuotaExceededError
from hcmp_provisioner.domain.quota import QUOTA, Claim, EndRun, Limits, QuotaCommand, Release
from hcmp_testkit.scenario import scenario

LIMITS = Limits(machines=4, runs=2)
quota = scenario(QUOTA)


def claimed(project: str, machines: int, attempt: int = 1) -> QuotaClaimed:
    return QuotaClaimed(project_id=project, attempt=attempt, machines=machines)


def test_a_claim_that_fits_counts() -> None:
    quota.given(claimed("a", 1)).when(Claim("b", 1, 3, LIMITS)).then(claimed("b", 3))


def test_the_same_claim_again_counts_once() -> None:
    quota.given(claimed("a", 3)).when(Claim("a", 1, 3, LIMITS)).then_nothing()


def test_one_machine_too_many_is_refused_with_the_figures() -> None:
    quota.given(claimed("a", 3)).when(Claim("b", 1, 2, LIMITS)).then_raises(
        QuotaExceededError, resource="machines", quota=4, used=3, needed=2
    )


def test_one_run_too_many_is_refused_until_one_has_ended() -> None:
    both = (claimed("a", 1), claimed("b", 1))
    third = Claim("c", 1, 1, LIMITS)
    quota.given(*both).when(third).then_raises(QuotaExceededError, resource="runs", quota=2, used=2, needed=1)
    quota.given(*both, QuotaRunEnded(project_id="a", attempt=1)).when(third).then(claimed("c", 1))


def test_another_attempt_takes_the_place_of_the_one_before() -> None:
    quota.given(claimed("a", 3)).when(Claim("a", 2, 4, LIMITS)).then(claimed("a", 4, attempt=2))


def test_the_late_end_of_an_older_attempt_gives_nothing_back() -> None:
    newer = (claimed("a", 3), claimed("a", 3, attempt=2))
    quota.given(*newer).when(Release("a", 1)).then_nothing()
    quota.given(*newer).when(EndRun("a", 1)).then_nothing()
    quota.given(*newer).when(Release("a", 2)).then(QuotaReleased(project_id="a", attempt=2))


def test_what_is_given_back_twice_is_given_back_once() -> None:
    released = QuotaReleased(project_id="a", attempt=1)
    quota.given(claimed("a", 3), released).when(Release("a", 1)).then_nothing()
    quota.given(claimed("a", 3), released).when(EndRun("a", 1)).then_nothing()


projects = st.sampled_from(["a", "b", "c", "d"])
attempts = st.integers(1, 3)
commands: st.SearchStrategy[QuotaCommand] = st.one_of(
    st.builds(Claim, projects, attempts, st.integers(1, 3), st.just(LIMITS)),
    st.builds(EndRun, projects, attempts),
    st.builds(Release, projects, attempts),
)


@given(st.lists(commands, max_size=40))
def test_no_order_of_commands_uses_more_than_there_is(orders: list[QuotaCommand]) -> None:
    history: list[QuotaEvent] = []
    for order in orders:
        try:
            history += QUOTA.decide(order, QUOTA.fold(history))
        except QuotaExceededError:
            continue
        counted = QUOTA.fold(history).counted.values()
        assert sum(one.machines for one in counted) <= LIMITS.machines
        assert sum(one.running for one in counted) <= LIMITS.runs
