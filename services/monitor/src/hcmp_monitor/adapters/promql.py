"""The questions that Prometheus is asked: three, whatever the number of machines.

Each answer's series carry `vm_id` and `figure`, so that one question can ask for several figures.
"""

from collections.abc import Sequence

_SPECIAL = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_REGEX_SPECIAL = frozenset(r"\.+*?()|[]{}^$")


def quoted(value: str) -> str:
    """A PromQL string that means exactly this text."""
    return f'"{value.translate(_SPECIAL)}"'


def any_of(values: Sequence[str]) -> str:
    """A PromQL string with a regular expression that matches exactly these texts (RE2, whole match)."""
    return quoted(
        "|".join("".join(f"\\{sign}" if sign in _REGEX_SPECIAL else sign for sign in value) for value in values)
    )


def selector(vm_ids: Sequence[str] | None) -> str:
    """The label matchers for these machines, or for all."""
    if vm_ids is None:
        return 'job="node"'
    if len(vm_ids) == 1:
        return f'job="node",vm_id={quoted(vm_ids[0])}'
    return f'job="node",vm_id=~{any_of(vm_ids)}'


def _labelled(query: str, figure: str) -> str:
    return f'label_replace(max by (vm_id) ({query}), "figure", "{figure}", "", "")'


def reachable(matchers: str) -> str:
    """Whether each machine's exporter answered, and when it was asked last."""
    up = f"up{{{matchers}}}"
    return f"{_labelled(up, 'up')} or {_labelled(f'timestamp({up})', 'sampled_at')}"


def processor(matchers: str, *, rate_seconds: int) -> str:
    """Percent of all processors' time that was not idle."""
    idle = f'rate(node_cpu_seconds_total{{{matchers},mode="idle"}}[{rate_seconds}s])'
    return _labelled(f"100 * (1 - avg by (vm_id, instance) ({idle}))", "cpu_percent")


def space(matchers: str) -> str:
    """Percent of memory that is not available, and of the root file system that is not free."""
    free = f"node_memory_MemAvailable_bytes{{{matchers}}} / node_memory_MemTotal_bytes{{{matchers}}}"
    root = f'{matchers},mountpoint="/"'
    left = f"node_filesystem_avail_bytes{{{root}}} / node_filesystem_size_bytes{{{root}}}"
    memory = _labelled(f"100 * (1 - {free})", "memory_percent")
    return f"{memory} or {_labelled(f'100 * (1 - {left})', 'disk_percent')}"
