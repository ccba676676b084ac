/** What vCenter has, as a preview of an import. */

import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { answer, api } from "@/api/client";
import { onlySilence } from "@/api/problem";

export interface MachineFilter {
  folder: string;
  tag: string;
  pattern: string;
}

const PAGE = 100;

export function useVcenterMachines({ folder, tag, pattern }: MachineFilter) {
  return useInfiniteQuery({
    queryKey: ["vcenter", "machines", folder, tag, pattern],
    queryFn: ({ pageParam }) =>
      answer(
        api.GET("/api/vcenter/inventory", {
          params: {
            query: {
              kind: "machines",
              folder,
              tag,
              name_pattern: pattern,
              limit: PAGE,
              ...(pageParam === "" ? {} : { cursor: pageParam }),
            },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    retry: onlySilence,
  });
}

export type VcenterKind = "folders" | "tags" | "templates" | "datastores" | "networks";

const NONE: readonly string[] = [];

/** The names of all of a kind, to choose from; without them people can still type. */
export function useVcenterNames(kind: VcenterKind): readonly string[] {
  const names = useQuery({
    queryKey: ["vcenter", kind],
    queryFn: () => answer(api.GET("/api/vcenter/inventory", { params: { query: { kind, limit: 500 } } })),
    select: ({ items }) => [...new Set(items.map(({ name }) => name))],
    staleTime: 30_000,
    retry: onlySilence,
  });
  return names.data ?? NONE;
}
