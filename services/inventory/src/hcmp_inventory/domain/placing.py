"""Which free machine plays which role: it must carry the role's labels, and machines of a role are kept apart."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hcmp_contracts.vm import VmRegistered


@dataclass(frozen=True, slots=True)
class Wanted:
    """A machine that a project needs: any one with at least these labels."""

    role: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def suits(self, machine: VmRegistered) -> bool:
        return self.labels.items() <= machine.labels.items()


def place(wanted: Sequence[Wanted], free: Mapping[str, VmRegistered]) -> list[str | None]:
    """The machine for each of the wanted ones, by id, None where there is none: as many as can be served at once.

    Machines of one role get different hosts of the hypervisor where there is a choice, then machines of one
    project; among like ones the first of `free` is taken. The assignment is a maximum bipartite matching by
    augmenting paths (Kuhn 1955): a machine that suits several is handed on to whoever has no other.
    """
    seats: dict[str, int] = {}
    sizes = Counter(one.role for one in wanted)
    for number in sorted(range(len(wanted)), key=lambda number: -sizes[wanted[number].role]):
        _seat(number, wanted, free, seats, tried=set())
    taken = {number: vm_id for vm_id, number in seats.items()}
    return [taken.get(number) for number in range(len(wanted))]


def _seat(
    number: int,
    wanted: Sequence[Wanted],
    free: Mapping[str, VmRegistered],
    seats: dict[str, int],
    tried: set[str],
) -> bool:
    """Give the wanted one of this number a machine, moving others if need be; whether it has one now."""
    for vm_id in _by_preference(number, wanted, free, seats):
        if vm_id in tried:
            continue
        tried.add(vm_id)
        if vm_id not in seats or _seat(seats[vm_id], wanted, free, seats, tried):
            seats[vm_id] = number
            return True
    return False


def _by_preference(
    number: int, wanted: Sequence[Wanted], free: Mapping[str, VmRegistered], seats: Mapping[str, int]
) -> list[str]:
    """The machines that suit: those first that nobody has, then on the host that has the fewest of this role and
    of this project, and the most to spare for the others.
    """
    one = wanted[number]
    of_role = _hosts(free, (vm_id for vm_id, other in seats.items() if wanted[other].role == one.role))
    of_project = _hosts(free, seats)
    to_spare = _hosts(free, (vm_id for vm_id in free if vm_id not in seats))

    def cost(vm_id: str) -> tuple[bool, int, int, int]:
        host = free[vm_id].placement
        return vm_id in seats, of_role[host], of_project[host], -to_spare[host]

    return sorted((vm_id for vm_id, machine in free.items() if one.suits(machine)), key=cost)


def _hosts(free: Mapping[str, VmRegistered], vm_ids: Iterable[str]) -> Counter[str]:
    """How many of these machines run on each host; where it is not known they are all apart."""
    return Counter(host for vm_id in vm_ids if (host := free[vm_id].placement))
