/** Questions to the monitor service. */

import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";

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

export function useActivity({ kind = null, limit = 50 }: { kind?: string | null; limit?: number }) {
  return useInfiniteQuery({
    queryKey: ["activity", kind, limit],
    queryFn: ({ pageParam: cursor }) => answer(api.GET("/api/activity", { params: { query: { limit, ...present({ kind, cursor }) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    select: (data) => data.pages.flatMap((page) => page.events),
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
  });
}

/** Leaves out what is null: a query string has no word for it. */
function present<Fields extends Record<string, string | null>>(fields: Fields): { [Name in keyof Fields]?: string } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as { [Name in keyof Fields]?: string };
}
