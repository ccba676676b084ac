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
