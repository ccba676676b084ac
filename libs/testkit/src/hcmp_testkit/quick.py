"""A checkout whose playbooks hold one more template: two steps that take a moment, on one machine.

Everything else of it is the real thing: `HCMP_ROOT` tells an installation where its checkout is.
"""

import json
import shutil
from pathlib import Path

QUICK = "quick"
STEPS = ("first", "second")


def quick_checkout(root: Path, *, checkout: Path) -> Path:
    """Lay it out in `root`, which may exist."""
    root.mkdir(parents=True, exist_ok=True)
    for entry in ("deploy", "web"):
        if not (root / entry).exists():
            (root / entry).symlink_to(checkout / entry)
    playbooks = root / "playbooks"
    shutil.copytree(checkout / "playbooks", playbooks, dirs_exist_ok=True)
    (playbooks / "templates" / f"{QUICK}.yml").write_text(json.dumps(_template()))
    (playbooks / "plays" / QUICK).mkdir(exist_ok=True)
    for step in STEPS:
        (playbooks / "plays" / QUICK / f"{step}.yml").write_text(json.dumps([_play(step)]))
    return root


def _template() -> dict[str, object]:
    text = {"en": "Quick", "ko": "빠른 시험"}
    return {
        "id": QUICK,
        "title": text,
        "description": text,
        "roles": [{"name": "server", "count": 1}],
        "steps": [{"name": {"en": step, "ko": f"{step} 단계"}, "play": f"{QUICK}/{step}.yml"} for step in STEPS],
    }


def _play(step: str) -> dict[str, object]:
    """On the machine a file tells how often each step began; a step takes long enough to be killed inside."""
    task = {
        "name": f"Do the {step}",
        "ansible.builtin.shell": f"echo {step} >> /var/tmp/steps; sleep 0.5; echo done",
    }
    return {
        "name": step,
        "hosts": "all",
        "gather_facts": False,
        "become": True,
        "any_errors_fatal": True,
        "tasks": [task],
    }
