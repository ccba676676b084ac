"""A factory reset is asked for once, and ends once."""

from hcmp_contracts.cause import Cause
from hcmp_contracts.system import FactoryResetCompleted, FactoryResetRequested, UncleanMachine
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.domain.system import DECIDER, CompleteReset, RequestReset
from hcmp_testkit.scenario import scenario

REQUESTED = FactoryResetRequested(backup="/backups/one.tar")
COMPLETED = FactoryResetCompleted(projects=2, machines=6, backup="/backups/one.tar")


def test_a_reset_begins_and_ends() -> None:
    scenario(DECIDER).given().when(RequestReset("/backups/one.tar")).then(REQUESTED)
    scenario(DECIDER).given(REQUESTED).when(CompleteReset(2, 6)).then(COMPLETED)


def test_a_reset_that_is_going_on_is_not_begun_again() -> None:
    scenario(DECIDER).given(REQUESTED).when(RequestReset("/backups/one.tar")).then_nothing()
    scenario(DECIDER).given(REQUESTED, COMPLETED).when(CompleteReset(2, 6)).then_nothing()


def test_there_may_be_another_reset_later() -> None:
    scenario(DECIDER).given(REQUESTED, COMPLETED).when(RequestReset("/backups/one.tar")).then(REQUESTED)


def test_what_becomes_of_the_machines_is_kept_with_the_request() -> None:
    forget = REQUESTED.model_copy(update={"machines": "forget"})
    scenario(DECIDER).given().when(RequestReset("/backups/one.tar", "forget")).then(forget)


def test_machines_that_could_not_be_cleaned_are_told_by_name_a_hundred_at_most() -> None:
    cause = Cause.of("no-answer", host="10.0.0.5", port=22)
    why = Reason("it does not answer", (cause,))
    unclean = {f"web-{number:03d}": why for number in reversed(range(150))}
    told = [UncleanMachine(name=f"web-{number:03d}", reason=why.text, causes=[cause]) for number in range(100)]
    ended = COMPLETED.model_copy(update={"unclean_machines": 150, "unclean": told})
    scenario(DECIDER).given(REQUESTED).when(CompleteReset(2, 6, unclean)).then(ended)
