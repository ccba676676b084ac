"""What stands on a machine that a person could have put there, one fact a line. Runs on the machine itself, as
root, with its own Python (3.7 or newer) and nothing else; domain/survey.py says what the facts mean.

Sources: passwd(5), sshd(8) AUTHORIZED_KEYS, proc(5), proc_net_tcp (kernel documentation), cron(8), apt-mark(8).
"""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from glob import glob
from typing import Any, Callable

FIRST_PERSON, NOBODY = 1000, 65534
LISTENING = "0A"
ENGINES_RESOLVER = "0B00007F"  # 127.0.0.11: a container engine's own, at a port of its choice
# Each a place where the templates and people put things, and what of it is there on any machine.
PLACES = (
    "/root",
    "/opt",
    "/srv",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/etc/ssh/sshd_config.d",
    "/var/lib/postgresql",
    "/etc/postgresql",
    "/etc/nginx/conf.d",
    "/etc/nginx/sites-enabled",
    "/etc/haproxy",
)
USUAL = (
    ".bashrc",
    ".profile",
    ".bash_logout",
    ".ssh",
    ".bash_history",
    ".cache",
    ".lesshst",
    ".sudo_as_admin_successful",
)
FILES = ("/etc/hcmp", "/etc/init.d/hcmp-app", "/etc/ssh/sshrc", "/etc/profile.d/hcmp.sh", "/etc/rc.local")
SESSIONS = ("sshd", "systemd", "(sd-pam")
TRUST = ("authorizedkeysfile", "authorizedkeyscommand", "trustedusercakeys", "authorizedprincipalsfile")


def say(*words: object) -> None:
    """One fact; what could be read as two lines is written as one."""
    text = " ".join(str(word) for word in words)
    sys.stdout.write(text.encode("unicode_escape").decode("ascii") + "\n")


def text_of(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(1_000_000)


def tell(call: Callable[..., None], *arguments: Any) -> None:
    """What cannot be read (a process that has just ended) is no fact."""
    try:
        call(*arguments)
    except (OSError, ValueError, IndexError, KeyError):
        return


def people() -> list[pwd.struct_passwd]:
    return [user for user in pwd.getpwall() if FIRST_PERSON <= user.pw_uid != NOBODY or user.pw_uid == 0]


def keys_in(path: str, kind: str = "key") -> None:
    for line in text_of(path).splitlines():
        words = line.split()
        kinds = [place for place, word in enumerate(words) if word.startswith(("ssh-", "ecdsa-", "sk-"))]
        if line.strip().startswith("#") or not kinds:
            continue
        say(kind, path, words[kinds[0]], words[kinds[0] + 1])


def marker(path: str) -> None:
    say("mark", text_of(path).strip()[:100])


def process(pid: str, own: set[int]) -> None:
    lines = text_of(f"/proc/{pid}/status").splitlines()
    status = {name: value for name, _, value in (line.partition(":") for line in lines)}
    uid, name = int(status["Uid"].split()[0]), status["Name"].strip()
    visit = int(pid) in own or name.startswith(SESSIONS)
    if FIRST_PERSON <= uid != NOBODY and not visit:
        say("process", pid, uid, name)


def ancestors() -> set[int]:
    """The visit of the platform itself: this process and those that started it."""
    found: set[int] = set()
    pid = os.getpid()
    while pid > 1:
        found.add(pid)
        pid = int(text_of(f"/proc/{pid}/stat").rpartition(")")[2].split()[1])
    return found


def ports(path: str) -> None:
    for line in text_of(path).splitlines()[1:]:
        words = line.split()
        if words[3] == LISTENING and not words[1].startswith(ENGINES_RESOLVER):
            say("port", int(words[1].rpartition(":")[2], 16))


def lines_of(command: list[str]) -> list[str]:
    try:
        answer = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return answer.stdout.decode("utf-8", "replace").splitlines()


def files() -> None:
    for place in PLACES + tuple(user.pw_dir for user in people() if user.pw_uid):
        if os.path.realpath(place) != place:
            say("file", place)  # what it leads to is somebody else's
            continue
        for name in sorted(os.listdir(place) if os.path.isdir(place) else [])[:200]:
            if name not in USUAL:
                say("file", os.path.join(place, name))
    for path in FILES:
        if os.path.lexists(path):
            say("file", path)


def settings() -> None:
    for kind, pattern in (
        ("cron", "/var/spool/cron/crontabs/*"),
        ("cron", "/etc/cron.d/*"),
        ("sudoers", "/etc/sudoers.d/*"),
        ("unit", "/etc/systemd/system/*"),
    ):
        for path in sorted(glob(pattern)):
            if os.path.isfile(path) and not os.path.islink(path) and os.path.basename(path) != "README":
                say(kind, path)
    for line in lines_of(["/usr/sbin/sshd", "-T"]):
        if line.split(" ")[0] in TRUST:
            say("trust", line)
            name, _, path = line.partition(" ")
            if name == "trustedusercakeys":
                tell(keys_in, path, "authority")
    for name in lines_of(["apt-mark", "showmanual"]):
        say("package", name)


def main() -> None:
    for user in people():
        say("user", user.pw_name)
        for name in ("authorized_keys", "authorized_keys2"):
            tell(keys_in, os.path.join(user.pw_dir, ".ssh", name))
    tell(marker, "/etc/hcmp/project")
    files()
    settings()
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        tell(ports, path)
    own = ancestors()
    for pid in sorted(name for name in os.listdir("/proc") if name.isdigit()):
        tell(process, pid, own)
    say("end")


if __name__ == "__main__":
    main()
