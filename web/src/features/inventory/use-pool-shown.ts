/** What the pool's page shows: the machines of now with all that operators see, or those of a moment in the past. */

import { useMemo } from "react";

import type { Machine, MachineDetail, PoolCounts } from "@/api/contract";
import { poolSize } from "@/shared/ui/pool-scale";

import { useMachineDetails, usePool, usePoolMachines } from "./queries";

/** Of the past some of it is not known. */
export type ShownMachine = Machine & Partial<Pick<MachineDetail, "placement" | "ssh_certificates">>;

interface PoolShown {
  counts: PoolCounts;
  machines: readonly ShownMachine[];
  /** Whether further pages are still on their way. */
  coming: boolean;
}

interface Asked {
  data: PoolShown | undefined;
  error: Error | null;
  refetch: () => void;
}

export function usePoolShown(at: number | null): Asked {
  const counts = usePool();
  const now = useMachineDetails(at === null);
  const past = usePoolMachines({ at: at ?? 0, enabled: at !== null });
  const source = at === null ? now : past;
  const machines = useMemo(
    (): readonly ShownMachine[] => (at === null ? now.data?.pages : past.data?.pages)?.flatMap(({ vms }): readonly ShownMachine[] => vms) ?? [],
    [at, now.data, past.data],
  );
  const shownCounts = at === null ? counts.data?.counts : past.data?.pages[0]?.counts;
  const data =
    shownCounts === undefined || source.data === undefined
      ? undefined
      : { counts: shownCounts, machines, coming: source.hasNextPage && machines.length < poolSize(shownCounts) };
  return {
    data,
    error: at === null ? (counts.error ?? now.error) : past.error,
    refetch: () => void Promise.all([counts.refetch(), source.refetch()]),
  };
}
