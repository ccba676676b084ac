/** Order among machines; what is not known comes last either way. */

import type { MachineResources } from "@/api/contract";

export type Column = "name" | "status" | "up" | "cpu_percent" | "memory_percent" | "disk_percent" | "owner";

export interface Sorting {
  column: Column;
  descending: boolean;
}

const byName = new Intl.Collator(undefined, { numeric: true });

export function sorted(machines: readonly MachineResources[], { column, descending }: Sorting): MachineResources[] {
  const direction = descending ? -1 : 1;
  return machines.toSorted((left, right) => {
    const [a, b] = [value(left, column), value(right, column)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    const order = typeof a === "number" && typeof b === "number" ? a - b : byName.compare(String(a), String(b));
    return order === 0 ? byName.compare(left.vm.name, right.vm.name) : order * direction;
  });
}

function value(machine: MachineResources, column: Column): string | number | null {
  switch (column) {
    case "name":
    case "status":
    case "owner":
      return machine.vm[column];
    case "up":
      return machine.up === null ? null : Number(machine.up);
    default:
      return machine[column];
  }
}
