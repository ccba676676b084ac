"""From ansible-runner's events to our messages. Pure.

Source: ansible_runner/display_callback/callback/awx_display.py of ansible-runner 2.4.3.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hcmp_runner.messages import Line, Message, Outcome, PlayBegan, Tally, TaskEnded

MAX_LINE = 100_000
MAX_REASON = 2_000

Mask = Callable[[str], str]
Event = Mapping[str, Any]


def messages(event: Event, mask: Mask) -> Iterator[Message]:
    """What an event says: its output first, then what it means for the run."""
    data: Event = event.get("event_data") or {}
    kind = event.get("event", "")
    if kind == "playbook_on_play_start":
        # ansible-runner numbers the batches of one play: <uuid>, <uuid>_2, …
        yield PlayBegan(play=str(data.get("uuid", "")).partition("_")[0])
    if text := event.get("stdout"):
        # A task's title is printed as it starts on its first machine, but speaks of all.
        vm = data.get("host") if kind != "runner_on_start" else None
        yield from (Line(vm=vm, text=line) for line in _lines(mask(_clean(text))))
    if kind == "playbook_on_stats":
        yield Tally(failed=sorted(data.get("failures") or {}), unreachable=sorted(data.get("dark") or {}))
    elif (outcome := _outcome(kind, data)) and data.get("host"):
        failed = outcome in ("failed", "unreachable")
        # Masked whole: of a secret that is cut in two, the first part would stay readable.
        reason = _cut(mask(_clean(_reason(data.get("res") or {})))) if failed else ""
        task = mask(_clean(str(data.get("task", ""))))
        yield TaskEnded(vm=data["host"], task=task, outcome=outcome, reason=reason)


def _outcome(kind: str, data: Event) -> Outcome | None:
    match kind:
        case "runner_on_ok":
            return "changed" if (data.get("res") or {}).get("changed") else "ok"
        case "runner_on_failed":
            return "ok" if data.get("ignore_errors") else "failed"
        case "runner_on_unreachable":
            return "unreachable"
        case "runner_on_skipped":
            return "skipped"
        case _:
            return None


def _reason(result: Event) -> str:
    """Ansible's words for a failure: its message and what the program said on its error output."""
    parts = [result.get("msg"), result.get("stderr") or result.get("module_stderr")]
    parts += [
        _reason(item) for item in result.get("results") or [] if isinstance(item, Mapping) and item.get("failed")
    ]
    parts = parts if any(parts) else [result.get("censored"), result.get("stdout"), result.get("module_stdout")]
    texts = dict.fromkeys(str(part).strip() for part in parts if part)
    return "\n".join(text for text in texts if text) or "no reason was given"


def _cut(reason: str) -> str:
    return reason if len(reason) <= MAX_REASON else reason[:MAX_REASON] + " …"


def _lines(text: str) -> Iterator[str]:
    """Whole lines, whatever else than a line feed Unicode takes for a line's end; a giant one in pieces."""
    for line in text.split("\n"):
        whole = line.rstrip("\r")
        yield whole[:MAX_LINE]
        for start in range(MAX_LINE, len(whole), MAX_LINE):
            yield whole[start : start + MAX_LINE]


def _clean(text: str) -> str:
    """Text that can be stored: what is no Unicode, half a surrogate pair for one, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
