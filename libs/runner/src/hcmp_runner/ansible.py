"""Runs Ansible through ansible-runner and says what happens.

Pitfalls of ansible-runner 2.4.3 that this file answers: it copies settings, variables and passwords to disk
(`suppress_env_files`, own files instead); `settings` given as an argument are lost then (a file instead);
it switches host key checking off and a fact cache on disk on, unless told otherwise; a slow event handler
loses events (#1330: the handler only fills a queue); it installs signal handlers (`cancel_callback`).
"""

import contextlib
import sys
import threading
from queue import SimpleQueue
from typing import Any

import ansible_runner

from hcmp_runner.events import messages
from hcmp_runner.masking import masking
from hcmp_runner.plan import HOLD, MARKER, Plan

BROKEN = 254
# The only arguments that a run ever adds to Ansible's command line; what people gave never gets there.
CHECK_ARGUMENTS = "--check --diff"

# Nothing of the user's own SSH set-up counts, only the pinned host keys do, and no other key is tried.
SSH_OPTIONS = (
    "-F /dev/null -o StrictHostKeyChecking=yes -o UserKnownHostsFile={known_hosts} "
    "-o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no -o CheckHostIP=no "
    "-o IdentityAgent=none -o IdentitiesOnly=yes"
)


def environment(plan: Plan) -> dict[str, str]:
    """What Ansible finds in its environment beside what this process was started with."""
    directory = plan.directory
    return {
        MARKER: plan.run_id,
        HOLD: plan.directory.name,
        "ANSIBLE_CONFIG": str(plan.playbooks / "ansible.cfg"),
        "ANSIBLE_ROLES_PATH": str(plan.playbooks / "roles"),
        "ANSIBLE_HOME": str(directory / "home"),
        "ANSIBLE_LOCAL_TEMP": str(directory / "tmp"),
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_SSH_COMMON_ARGS": SSH_OPTIONS.format(known_hosts=directory / "known_hosts"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(directory / "c"),
        "ANSIBLE_ANY_ERRORS_FATAL": "True",
        "ANSIBLE_FORCE_COLOR": "True",
        "ANSIBLE_NOCOLOR": "False",
    }


def run_ansible(plan: Plan) -> int:
    """Run the plan's plays in one Ansible process; say what happens; return Ansible's exit code."""
    said: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

    def keep(event: dict[str, Any]) -> bool:
        said.put(event)
        return False  # no file for this event

    speaker = threading.Thread(target=_say_all, args=(said, plan))
    speaker.start()
    try:
        runner = ansible_runner.run(
            private_data_dir=str(plan.directory),
            project_dir=str(plan.directory / "project"),
            ident="run",
            playbook="site.yml",
            inventory=str(plan.directory / "hosts.json"),
            cmdline=CHECK_ARGUMENTS if plan.check else None,
            envvars=environment(plan),
            event_handler=keep,
            cancel_callback=lambda: False,
            fact_cache_type="memory",
            quiet=True,
            suppress_env_files=True,
        )
    finally:
        said.put(None)
        speaker.join()
    return int(runner.rc) if runner.rc is not None else BROKEN


def _say_all(said: "SimpleQueue[dict[str, Any] | None]", plan: Plan) -> None:
    mask = masking(plan.secrets())
    with contextlib.suppress(BrokenPipeError):
        while (event := said.get()) is not None:
            for message in messages(event, mask):
                sys.stdout.write(message.model_dump_json() + "\n")
            if said.empty():
                sys.stdout.flush()
        sys.stdout.flush()
