"""What an account decides, told as stories; and what no sequence of commands can bring about."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcmp_auth.domain.account import (
    ACCOUNT,
    Account,
    AccountError,
    AccountNotActiveError,
    AccountNotFoundError,
    Active,
    Details,
    LastAdminError,
    Pending,
    Suspended,
    Unknown,
    UsernameTakenError,
    account_id_of,
    decide_all,
    evolve,
)
from hcmp_auth.domain.account_commands import (
    AccountCommand,
    Approve,
    ChangePassword,
    ChangeQuota,
    ChangeRole,
    Reactivate,
    Register,
    RevokeSessions,
    Suspend,
)
from hcmp_contracts.account import (
    AccountApproved,
    AccountPasswordChanged,
    AccountQuotaChanged,
    AccountReactivated,
    AccountRegistered,
    AccountRoleChanged,
    AccountSessionsRevoked,
    AccountSuspended,
    Role,
)
from hcmp_testkit.scenario import scenario

ALICE = {"username": "alice", "full_name": "Alice Kim", "email": "alice@example.org"}
REGISTER = Register(**ALICE, role=Role.USER, machine_quota=10, run_quota=5)
REGISTERED = AccountRegistered(**ALICE, role=Role.USER, machine_quota=10, run_quota=5)
ADMIN = AccountRegistered(**ALICE, role=Role.ADMIN, machine_quota=10, run_quota=5)
DETAILS = Details(**ALICE, role=Role.USER, machine_quota=10, run_quota=5)
APPROVED = AccountApproved()
SUSPENDED = AccountSuspended(reason="left")
SUSPEND = Suspend(reason="left", other_active_admins=0)

account = scenario(ACCOUNT)


def test_a_free_name_is_registered_and_waits() -> None:
    account.when([REGISTER]).then(REGISTERED)
    account.given(REGISTERED).then_state(Pending(DETAILS))


def test_a_name_is_registered_once() -> None:
    account.given(REGISTERED).when([REGISTER]).then_raises(UsernameTakenError, username="alice")
    account.given(REGISTERED, APPROVED, SUSPENDED).when([REGISTER]).then_raises(UsernameTakenError)


def test_names_that_differ_in_case_only_are_one_account() -> None:
    assert account_id_of("Alice") == account_id_of("aLICE")
    assert account_id_of("alice") != account_id_of("alice2")


@pytest.mark.parametrize(
    "command",
    [
        Approve(),
        SUSPEND,
        Reactivate(),
        ChangeRole(role=Role.ADMIN, other_active_admins=1),
        ChangeQuota(machine_quota=1),
        ChangePassword(),
        RevokeSessions(reason="lost laptop"),
    ],
)
def test_nothing_can_be_asked_of_an_account_that_nobody_registered(command: AccountCommand) -> None:
    account.when([command]).then_raises(AccountNotFoundError)


def test_approval_makes_a_waiting_account_active_once() -> None:
    account.given(REGISTERED).when([Approve()]).then(APPROVED)
    account.given(REGISTERED, APPROVED).when([Approve()]).then_nothing()
    account.given(REGISTERED, APPROVED).then_state(Active(DETAILS))


def test_a_suspended_account_is_not_approved_again_but_reactivated() -> None:
    story = account.given(REGISTERED, APPROVED, SUSPENDED)
    story.when([Approve()]).then_raises(AccountNotActiveError, status="suspended")
    story.when([Reactivate()]).then(AccountReactivated())
    story.given(AccountReactivated()).then_state(Active(DETAILS))


def test_an_account_that_was_refused_waits_again_when_it_is_reactivated() -> None:
    refused = account.given(REGISTERED, SUSPENDED)
    refused.then_state(Suspended(DETAILS, approved=False))
    refused.given(AccountReactivated()).then_state(Pending(DETAILS))


def test_suspending_twice_and_reactivating_twice_change_nothing() -> None:
    account.given(REGISTERED, APPROVED, SUSPENDED).when([SUSPEND]).then_nothing()
    account.given(REGISTERED, APPROVED).when([Reactivate()]).then_nothing()


def test_the_last_active_admin_is_neither_suspended_nor_demoted() -> None:
    admin = account.given(ADMIN, APPROVED)
    admin.when([SUSPEND]).then_raises(LastAdminError, username="alice")
    admin.when([ChangeRole(role=Role.USER, other_active_admins=0)]).then_raises(LastAdminError)


def test_an_admin_among_others_may_go() -> None:
    admin = account.given(ADMIN, APPROVED)
    admin.when([Suspend(reason="left", other_active_admins=1)]).then(SUSPENDED)
    admin.when([ChangeRole(role=Role.VIEWER, other_active_admins=1)]).then(
        AccountRoleChanged(before=Role.ADMIN, after=Role.VIEWER)
    )


def test_an_admin_who_is_not_active_is_nobodys_last_one() -> None:
    account.given(ADMIN).when([SUSPEND]).then(SUSPENDED)


def test_a_change_to_what_is_already_so_is_no_event() -> None:
    story = account.given(REGISTERED, APPROVED)
    story.when([ChangeRole(role=Role.USER, other_active_admins=0)]).then_nothing()
    story.when([ChangeQuota(machine_quota=10)]).then_nothing()


def test_a_quota_change_says_what_it_was() -> None:
    account.given(REGISTERED, APPROVED).when([ChangeQuota(machine_quota=3)]).then(
        AccountQuotaChanged(before=10, after=3)
    )


def test_only_an_active_account_changes_its_password() -> None:
    account.given(REGISTERED, APPROVED).when([ChangePassword()]).then(AccountPasswordChanged())
    account.given(REGISTERED).when([ChangePassword()]).then_raises(AccountNotActiveError, status="pending")


def test_sessions_are_revoked_whatever_the_situation() -> None:
    account.given(REGISTERED, APPROVED, SUSPENDED).when([RevokeSessions(reason="x")]).then(
        AccountSessionsRevoked(reason="x")
    )


def test_several_commands_are_decided_each_on_what_the_one_before_made() -> None:
    account.when([REGISTER, Approve()]).then(REGISTERED, APPROVED)


def test_of_several_commands_one_refusal_refuses_all() -> None:
    account.given(ADMIN, APPROVED).when(
        [ChangeQuota(machine_quota=3), ChangeRole(role=Role.USER, other_active_admins=0)]
    ).then_raises(LastAdminError)


NAMES = ("root", "alice", "bob")
KINDS = ("register", "approve", "suspend", "reactivate", "admin", "user", "viewer", "quota", "password", "revoke")


def command_of(kind: str, name: str, others: int) -> AccountCommand:
    plain: dict[str, AccountCommand] = {
        "register": Register(name, name, f"{name}@example.org", role=Role.USER, machine_quota=1, run_quota=5),
        "approve": Approve(),
        "suspend": Suspend(reason="", other_active_admins=others),
        "reactivate": Reactivate(),
        "quota": ChangeQuota(machine_quota=2),
        "password": ChangePassword(),
        "revoke": RevokeSessions(reason=""),
    }
    return plain.get(kind) or ChangeRole(role=Role(kind), other_active_admins=others)


def is_active_admin(state: Account) -> bool:
    return isinstance(state, Active) and state.details.role is Role.ADMIN


def installation() -> dict[str, Account]:
    root = Register("root", "Root", "root@example.org", role=Role.ADMIN, machine_quota=1, run_quota=5)
    first: Account = ACCOUNT.fold(decide_all([root, Approve()], Unknown()))
    return {"root": first, "alice": Unknown(), "bob": Unknown()}


Step = tuple[str, str]
STEPS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(KINDS)), max_size=30)


def play(accounts: dict[str, Account], step: Step) -> Account:
    """The account after one command, which a refusal leaves as it was."""
    name, kind = step
    others = sum(is_active_admin(state) for other, state in accounts.items() if other != name)
    try:
        events = decide_all([command_of(kind, name, others)], accounts[name])
    except AccountError:
        events = []
    for event in events:
        accounts[name] = evolve(accounts[name], event)
    return accounts[name]


@given(STEPS)
@settings(max_examples=300)
def test_no_sequence_of_commands_leaves_nobody_to_operate(steps: Sequence[Step]) -> None:
    accounts = installation()
    for step in steps:
        play(accounts, step)
        assert any(is_active_admin(state) for state in accounts.values())


@given(STEPS)
@settings(max_examples=300)
def test_no_account_becomes_active_that_nobody_approved(steps: Sequence[Step]) -> None:
    accounts = installation()
    approved = {"root"}
    for step in steps:
        before = accounts[step[0]]
        after = play(accounts, step)
        if step[1] == "approve" and isinstance(before, Pending):
            approved.add(step[0])
        assert not isinstance(after, Active) or step[0] in approved


@given(STEPS)
@settings(max_examples=300)
def test_only_a_reactivation_lets_a_suspended_account_in_again(steps: Sequence[Step]) -> None:
    accounts = installation()
    for step in steps:
        before = accounts[step[0]]
        after = play(accounts, step)
        if isinstance(before, Suspended) and not isinstance(after, Suspended):
            assert step[1] == "reactivate"


@given(STEPS)
@settings(max_examples=200)
def test_a_command_given_twice_changes_the_state_once(steps: Sequence[Step]) -> None:
    accounts = installation()
    for step in steps:
        assert play(accounts, step) == play(accounts, step)
