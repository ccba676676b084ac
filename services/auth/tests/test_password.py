"""Which passwords are refused, and that none is refused for the kind of its characters."""

import pytest

from hcmp_auth.domain.password import (
    COMMON,
    MIN_LENGTH,
    CommonPasswordError,
    ObviousPasswordError,
    PasswordRules,
    own_names,
)

RULES = PasswordRules(["Example AG"])
ALICE = own_names("alice", "a.liddell@example.org")


@pytest.mark.parametrize("password", ["password1", "PassWord1", "1q2w3e4r5t", "iloveyou", "12345678"])
def test_a_password_that_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(CommonPasswordError):
        RULES.require(password, own=ALICE)


@pytest.mark.parametrize(
    "password",
    [
        "a.liddell",
        "A.Liddell@Example.org",
        "admin1234",
        "hcmp-2026-11",
        "Admin!Operator",
        "H-CMP vCenter 1",
        "example ag 1",
    ],
)
def test_a_password_of_words_that_everybody_knows_here_is_refused(password: str) -> None:
    with pytest.raises(ObviousPasswordError):
        RULES.require(password, own=ALICE)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse",
        "alice in wonderland",
        "alice-2026",
        "alicealice",
        "A.Liddell-99",
        "hcmp-prod-2026",
        "비밀번호는 비밀입니다",
        "48151623421108",
        "@@@@####",
        "x" * 128,
        "        ",
    ],
)
def test_no_kind_of_character_is_asked_for_or_forbidden(password: str) -> None:
    RULES.require(password, own=ALICE)


def test_more_than_the_3000_most_frequent_passwords_that_are_long_enough_are_known() -> None:
    assert len(COMMON) > 10_000
    assert all(len(password) >= MIN_LENGTH for password in COMMON)
