"""What of the things on a machine is a project's, and what belongs there."""

from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.domain.survey import baseline_of, leftovers, marked, said, without_own
from hcmp_inventory.domain.vitals import Limits, Vitals, complaint

CLEAN = frozenset({"user hcmp", "port 22", "package openssh-server"})


def test_what_was_there_before_is_no_projects() -> None:
    assert leftovers(CLEAN, baseline_of(CLEAN), made_anew=False) == ()


def test_a_mark_and_a_program_that_runs_are_a_projects_even_if_they_were_there_before() -> None:
    found = CLEAN | {"mark shop", "process 4711 1000 miner"}
    assert leftovers(found, baseline_of(found), made_anew=False) == ("mark shop", "process 4711 1000 miner")
    assert marked(found)
    assert not marked(CLEAN)


def test_on_a_machine_that_was_cleaned_everything_new_counts_the_gravest_first() -> None:
    found = CLEAN | {"package nginx", "user mina", "port 8080", "key /root/.ssh/authorized_keys ssh-rsa AAAA"}
    assert leftovers(found, baseline_of(CLEAN), made_anew=False) == (
        "key /root/.ssh/authorized_keys ssh-rsa AAAA",
        "user mina",
        "port 8080",
        "package nginx",
    )


def test_a_machine_that_was_made_anew_may_have_another_image_but_no_person_on_it() -> None:
    found = CLEAN | {"package newer", "port 9182", "trust trustedusercakeys /etc/ssh/ca", "port 80", "user mina"}
    assert leftovers(found, baseline_of(CLEAN), made_anew=True) == ("user mina", "port 80")


def test_where_nobody_looked_before_only_what_is_unmistakable_counts() -> None:
    assert leftovers(CLEAN | {"user mina", "mark shop"}, None, made_anew=True) == ("mark shop",)


def test_many_leftovers_are_told_in_a_bounded_sentence() -> None:
    many = tuple(f"file /root/{number:03d}" for number in range(200))
    assert said(many).endswith("file /root/004; and 195 more")
    assert len(said(("x" * 5000,))) < 150


def test_a_clock_is_off_only_by_what_the_question_cannot_explain() -> None:
    limits = Limits(free_bytes=0, clock_offset=60)
    assert complaint(Vitals(1, 61.0, 2.0), limits) is None
    assert complaint(Vitals(1, -63.0, 2.0), limits) == Reason.of(
        "its clock is 63 s behind", "clock-behind", seconds=63
    )


FORMER, CURRENT, NEXT = (f"ssh-ed25519 {name} hcmp" for name in ("AAAAformer", "AAAAcurrent", "AAAAnext"))
TRUSTED = frozenset({"authority /etc/ssh/ca ssh-ed25519 AAAAcurrent", "key /root/k ssh-ed25519 AAAAcurrent"})


def test_an_authority_of_the_platform_is_no_strangers_whichever_was_trusted_before() -> None:
    before = baseline_of(without_own(CLEAN | TRUSTED, [CURRENT]))
    exchanged = CLEAN | {"authority /etc/ssh/ca ssh-ed25519 AAAAnext", "key /root/k ssh-ed25519 AAAAnext"}
    for made_anew in (True, False):
        both = without_own(exchanged | TRUSTED, [NEXT, CURRENT])
        assert leftovers(both, before, made_anew=made_anew) == ()
        assert leftovers(without_own(exchanged, [NEXT]), before, made_anew=made_anew) == ()
        assert leftovers(without_own(exchanged, [NEXT]), baseline_of(CLEAN | TRUSTED), made_anew=made_anew) == ()


def test_an_authority_that_is_not_the_platforms_counts_and_so_does_one_that_it_has_forgotten() -> None:
    before = baseline_of(without_own(CLEAN | TRUSTED, [CURRENT]))
    for stranger in ("AAAAmina", "AAAAformer", "AAAAnext2"):
        fact = f"authority /etc/ssh/ca ssh-ed25519 {stranger}"
        found = without_own(CLEAN | TRUSTED | {fact}, [CURRENT, NEXT])
        assert leftovers(found, before, made_anew=True) == (fact,)
    assert leftovers(without_own(CLEAN | TRUSTED, [NEXT]), before, made_anew=False) == tuple(
        sorted(TRUSTED, reverse=True)
    )


def test_only_public_keys_are_the_platforms_own() -> None:
    tricky = CLEAN | {"file /root/x ssh-ed25519 AAAAcurrent"}
    assert without_own(tricky, [CURRENT, "", "ssh-ed25519"]) == tricky
