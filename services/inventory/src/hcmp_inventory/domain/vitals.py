"""How a machine is, and whether that is well enough for a project. Pure."""

from dataclasses import dataclass

from hcmp_inventory.domain.causes import Reason


@dataclass(frozen=True, slots=True)
class Vitals:
    """`free_bytes` on the fullest of its disks that matter; `clock_offset` in seconds, ahead is positive, and
    `uncertainty` is by how much at most it may be wrong: half of the time that the question took.
    """

    free_bytes: int
    clock_offset: float
    uncertainty: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """`free_bytes`: what templates need to be installed. `clock_offset`: what TLS and logs bear, in seconds."""

    free_bytes: int = 1024**3
    clock_offset: float = 60.0


def complaint(vitals: Vitals, limits: Limits) -> Reason | None:
    """Why the machine is not well; None when it is."""
    if vitals.free_bytes < limits.free_bytes:
        free, needed = _size(vitals.free_bytes), _size(limits.free_bytes)
        text = f"its disk is full: {free} are free, {needed} are needed"
        return Reason.of(text, "disk-full", free=free, needed=needed)
    if abs(vitals.clock_offset) - vitals.uncertainty > limits.clock_offset:
        direction = "ahead" if vitals.clock_offset > 0 else "behind"
        seconds = round(abs(vitals.clock_offset))
        return Reason.of(f"its clock is {seconds} s {direction}", f"clock-{direction}", seconds=seconds)
    return None


def _size(bytes_: int) -> str:
    return f"{bytes_ / 1024**2:.0f} MiB"
