"""From Ansible's events to what a worker hears, and from that to where the run stands."""

from typing import Any

import pytest

from hcmp_contracts.project import HostFailure, HostResult
from hcmp_provisioner.worker.progress import MAX_NAME, Progress, worth_another_try
from hcmp_runner.events import MAX_LINE, MAX_REASON, messages
from hcmp_runner.files import unsafe
from hcmp_runner.masking import MASK, masking
from hcmp_runner.messages import Line, PlayBegan, Tally, TaskEnded


def hear(kind: str, stdout: str = "", **data: Any) -> list[Any]:
    return list(messages({"event": kind, "stdout": stdout, "event_data": data}, masking(["hunter22"])))


def test_every_line_is_kept_whole() -> None:
    text = "one\r\n\r\ntwo \u2028 still two\x0bstill two\r\nthree"
    lines = [
        message.text for message in hear("runner_on_ok", text, host="a", task="t") if isinstance(message, Line)
    ]
    assert lines == ["one", "", "two \u2028 still two\x0bstill two", "three"]


def test_a_giant_line_comes_in_pieces_and_loses_nothing() -> None:
    giant = "x" * (2 * MAX_LINE + 1)
    lines = [message.text for message in hear("verbose", giant)]
    assert "".join(lines) == giant
    assert max(map(len, lines)) == MAX_LINE


def test_half_a_character_does_not_stop_the_log() -> None:
    [line] = hear("verbose", "a\udcffb")
    assert line.text == "a?b"


def test_the_title_of_a_task_speaks_of_no_machine_alone() -> None:
    assert hear("runner_on_start", "TASK [x]", host="a", task="x") == [Line(vm=None, text="TASK [x]")]


def test_a_failure_carries_ansibles_reason() -> None:
    result = {"msg": "non-zero return code", "stderr": "no such package: hunter22"}
    [ended] = hear("runner_on_failed", host="a", task="Install", res=result)
    assert ended == TaskEnded(
        vm="a", task="Install", outcome="failed", reason=f"non-zero return code\nno such package: {MASK}"
    )


def test_a_secret_where_a_long_reason_is_cut_is_masked_too() -> None:
    said = "x" * (MAX_REASON - 4) + "hunter22" + "y"
    [ended] = hear("runner_on_failed", host="a", task="Install", res={"msg": said})
    assert ended.reason == "x" * (MAX_REASON - 4) + MASK[:4] + " …"


def test_a_secret_in_the_name_of_a_task_is_masked() -> None:
    [ended] = hear("runner_on_ok", host="a", task="Log in with hunter22", res={})
    assert ended.task == f"Log in with {MASK}"


def test_a_failing_loop_tells_its_failing_items() -> None:
    result = {
        "msg": "One or more items failed",
        "results": [{"msg": "fine"}, {"failed": True, "msg": "not this one"}],
    }
    [ended] = hear("runner_on_failed", host="a", task="Install", res=result)
    assert ended.reason == "One or more items failed\nnot this one"


def test_an_ignored_failure_is_none_and_a_hidden_result_stays_hidden() -> None:
    [ignored] = hear("runner_on_failed", host="a", task="t", res={"msg": "no"}, ignore_errors=True)
    assert ignored.outcome == "ok"
    [hidden] = hear("runner_on_failed", host="a", task="t", res={"censored": "hidden by no_log"})
    assert hidden.reason == "hidden by no_log"


def test_an_event_without_its_data_is_no_fault() -> None:
    assert list(messages({"uuid": "x"}, str)) == []


def test_secrets_are_masked_in_every_form() -> None:
    mask = masking(['pass word\'s "end"', "-----BEGIN KEY-----\nAAAABBBB\nCCCC\n", "abc"])
    assert mask('pass word\'s "end"!') == f"{MASK}!"
    assert mask('pass word\'s \\"end\\"') == MASK
    assert mask("pass word''s \"end\"") == MASK
    assert mask('pass\x1b[0m\r\n\x1b[0;32m      word\'s "end"') == MASK
    assert mask("key: AAAABBBB CCCC abc") == f"key: {MASK} {MASK} abc"


def test_what_people_gave_is_never_a_template() -> None:
    given = {"name": "{{ 1 }}", "list": ["{{ 2 }}"], "port": 22, "none": None}
    assert unsafe(given) == {
        "name": {"__ansible_unsafe": "{{ 1 }}"},
        "list": [{"__ansible_unsafe": "{{ 2 }}"}],
        "port": 22,
        "none": None,
    }


def test_the_batches_of_a_play_are_one_step() -> None:
    progress = Progress(first=3)
    assert [progress.step_of(PlayBegan(play=play)) for play in ("p", "p", "q")] == [3, None, 4]


def test_results_are_counted_as_ansible_counts_them() -> None:
    progress = Progress(first=1)
    progress.begin(1)
    for outcome in ("ok", "changed", "skipped", "failed"):
        progress.count(TaskEnded(vm="a", task="t", outcome=outcome, reason="no"))
    progress.count(TaskEnded(vm="b", task="t", outcome="unreachable", reason="away"))
    assert progress.hosts()[0] == HostResult(vm="a", ok=2, changed=1, skipped=1, changed_tasks=["t"]), (
        "rescued, as far as is known"
    )

    progress.judge(Tally(failed=["a"], unreachable=["b"]))

    assert progress.hosts() == (
        HostResult(vm="a", ok=2, changed=1, skipped=1, failed=1, changed_tasks=["t"]),
        HostResult(vm="b", unreachable=1),
    )
    assert progress.failures() == (
        HostFailure(vm="a", task="t", reason="no"),
        HostFailure(vm="b", task="t", reason="away", unreachable=True),
    )


def test_what_is_told_of_each_machine_is_bounded() -> None:
    progress = Progress(first=1)
    progress.begin(1)
    for number in range(1_000):
        progress.count(TaskEnded(vm="a", task=f"{number}{'x' * 1_000}", outcome="changed"))

    [host] = progress.hosts()

    assert host.changed == 1_000
    assert [task[0] for task in host.changed_tasks] == list("0123456789")
    assert {len(task) for task in host.changed_tasks} == {MAX_NAME}


AWAY = TaskEnded(vm="b", task="t", outcome="unreachable", reason="Connection timed out")


def test_machines_are_lost_when_nothing_else_went_wrong() -> None:
    progress = Progress(first=1)
    assert progress.lost() == ()
    progress.begin(1)
    progress.count(AWAY)
    progress.judge(Tally(failed=[], unreachable=["b"]))
    assert [failure.vm for failure in progress.lost()] == ["b"]

    progress.count(TaskEnded(vm="a", task="t", outcome="failed", reason="no"))
    progress.judge(Tally(failed=["a"], unreachable=["b"]))
    assert progress.lost() == ()


def test_a_play_that_begins_although_a_machine_was_unreachable_is_no_step() -> None:
    progress = Progress(first=1)
    progress.step_of(PlayBegan(play="p"))
    progress.begin(1)
    progress.count(AWAY)

    assert progress.step_of(PlayBegan(play="q")) is None

    assert progress.cut_short
    assert (progress.current, [failure.vm for failure in progress.lost()]) == (1, ["b"])


@pytest.mark.parametrize(
    ("reason", "worth"),
    [
        ("Failed to connect to the host via ssh: connect to host 10.0.0.9 port 22: Connection refused", True),
        ("Failed to connect to the host via ssh: Connection timed out during banner exchange", True),
        ("Failed to connect to the host via ssh: Host key verification failed.", False),
        ("hcmp@10.0.0.9: Permission denied (publickey,password).", False),
    ],
)
def test_a_machine_that_answers_and_refuses_is_not_asked_again(reason: str, *, worth: bool) -> None:
    assert worth_another_try(HostFailure(vm="a", task="t", reason=reason, unreachable=True)) is worth
