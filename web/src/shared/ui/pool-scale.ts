/** How a pool of any size fits on a screen: up to some size a cell is a machine, then it stands for several. */

import type { MachineStatus, PoolCounts } from "@/api/contract";

import { poolOrder } from "./states";

/** Above this nobody counts cells any more, and drawing them all makes the browser slow. */
export const CELLS_AT_MOST = 600;

export function poolSize(counts: PoolCounts): number {
  return poolOrder.reduce((sum, status) => sum + countOf(counts, status), 0);
}

export interface ScaledCells {
  /** How many machines a cell stands for. */
  each: number;
  cells: { status: MachineStatus; cells: number; machines: number }[];
}

/** As many cells for each state as its share of the pool; a state that is there at all has at least one. */
export function scaledCells(counts: PoolCounts, most: number = CELLS_AT_MOST / 2): ScaledCells {
  const each = Math.max(1, Math.ceil(poolSize(counts) / most));
  const cells = poolOrder
    .map((status) => ({ status, machines: countOf(counts, status) }))
    .filter(({ machines }) => machines > 0)
    .map(({ status, machines }) => ({ status, machines, cells: Math.max(1, Math.round(machines / each)) }));
  return { each, cells };
}

function countOf(counts: PoolCounts, status: MachineStatus): number {
  return status === "retired" ? 0 : (counts[status] ?? 0);
}
