/** Questions to the monitor service. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { answer, api } from "@/api/client";
import type { MachineHistory, Span } from "@/api/contract";

export function useResources() {
  return useQuery({
    queryKey: ["resources"],
    queryFn: () => answer(api.GET("/api/monitoring/my-resources")),
    refetchInterval: 5_000,
  });
}

const historyPace: Record<Span, number> = { "1h": 15_000, "24h": 60_000, "7d": 300_000 };

export function useMachineHistory(id: string, range: Span) {
  return useQuery({
    queryKey: ["machine-history", id, range],
    // The client's types widen tuples to arrays; the document says pairs.
    queryFn: async () =>
      (await answer(api.GET("/api/monitoring/vms/{id}/history", { params: { path: { id }, query: { range } } }))) as MachineHistory,
    refetchInterval: historyPace[range],
    placeholderData: keepPreviousData,
  });
}

const MARKS = 300;

/** What happened to machines since a moment, oldest first; of very much the newest part. */
export function useMachineEvents(since: number) {
  return useQuery({
    queryKey: ["machine-events", since],
    queryFn: () =>
      answer(
        api.GET("/api/activity", {
          params: { query: { kind: "vm", since: new Date(since).toISOString(), limit: MARKS } },
        }),
      ),
    select: ({ events }) => events.toReversed(),
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });
}
