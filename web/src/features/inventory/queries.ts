/** Questions and orders to the inventory service. */

import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { answer, api, idempotencyKey } from "@/api/client";
import type { Machine, NewMachine, VcenterClones, VcenterImport } from "@/api/contract";

const POOL = ["pool"] as const;
const PAGE = 500;
const PACE = 5_000;

/** How the whole pool stands, without its machines. */
export function usePool() {
  return useQuery({
    queryKey: [...POOL, "counts"],
    queryFn: () => answer(api.GET("/api/pool", { params: { query: { limit: 1 } } })),
    refetchInterval: PACE,
  });
}

export interface MachinesAt {
  /** Null: now. */
  at?: number | null;
  enabled?: boolean;
}

/** Every machine as everybody may see it, now or as it was; page after page follows by itself. The past does not change. */
export function usePoolMachines({ at = null, enabled = true }: MachinesAt = {}) {
  const moment = at === null ? {} : { at: new Date(at).toISOString() };
  const pages = useInfiniteQuery({
    queryKey: [...(at === null ? POOL : ["past-pool"]), "machines", at],
    queryFn: ({ pageParam }) =>
      answer(api.GET("/api/pool", { params: { query: { ...moment, limit: PAGE, ...following(pageParam) } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: (query) => (at === null ? paced(query.state.data?.pages.length) : false),
    staleTime: at === null ? 0 : Infinity,
    placeholderData: keepPreviousData,
    enabled,
  });
  useAllPages(pages);
  return pages;
}

/** Every machine with all that operators see of it. */
export function useMachineDetails(enabled = true) {
  const pages = useInfiniteQuery({
    queryKey: [...POOL, "details"],
    queryFn: ({ pageParam }) => answer(api.GET("/api/vms", { params: { query: { limit: PAGE, ...following(pageParam) } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: (query) => paced(query.state.data?.pages.length),
    enabled,
  });
  useAllPages(pages);
  return pages;
}

/** One machine as operators see it. */
export function useMachineDetail(id: string, enabled = true) {
  return useQuery({
    queryKey: [...POOL, "machine", id],
    queryFn: () => answer(api.GET("/api/vms/{id}", { params: { path: { id } } })),
    refetchInterval: PACE,
    enabled,
  });
}

function following(cursor: string): { cursor?: string } {
  return cursor === "" ? {} : { cursor };
}

/** All pages are asked for anew each time: of many, less often. */
function paced(pages = 1): number {
  return PACE * Math.max(pages, 1);
}

interface Pages {
  hasNextPage: boolean;
  isFetching: boolean;
  isError: boolean;
  fetchNextPage: () => unknown;
}

function useAllPages({ hasNextPage, isFetching, isError, fetchNextPage }: Pages): void {
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, fetchNextPage]);
}

/** Machines that a new project could have now; null while that is not known. */
export function useFreeMachines(): number | null {
  return usePool().data?.counts.available ?? null;
}

/** Whether no new project can start now. */
export function useMaintenance(): boolean {
  return usePool().data?.maintenance.enabled ?? false;
}

export function useAddMachine() {
  return usePoolOrder((body: NewMachine) =>
    answer(api.POST("/api/vms", { body, params: { header: { "Idempotency-Key": idempotencyKey() } } })),
  );
}

export function useImportLab() {
  return usePoolOrder((count: number) =>
    answer(
      api.POST("/api/vms/import", {
        body: { provider: "docker", count },
        params: { header: { "Idempotency-Key": idempotencyKey() } },
      }),
    ),
  );
}

export function useImportFromVcenter() {
  return usePoolOrder(({ body, key }: { body: VcenterImport | VcenterClones; key: string }) =>
    answer(api.POST("/api/vms/import", { body, params: { header: { "Idempotency-Key": key } } })),
  );
}

export function useUploadMachines() {
  return usePoolOrder(async ({ format, file }: { format: "csv" | "yaml"; file: File }) =>
    answer(
      api.POST("/api/vms/import", {
        body: { provider: "static", format, content: await file.text() },
        params: { header: { "Idempotency-Key": idempotencyKey() } },
      }),
    ),
  );
}

export function useLabels(id: string) {
  return usePoolOrder((labels: Record<string, string>) =>
    answer(api.PATCH("/api/vms/{id}", { params: { path: { id } }, body: { labels } })),
  );
}

export type MachineOrder = "maintenance" | "return" | "recycle" | "release" | "retire";

export function useMachineOrder(order: MachineOrder) {
  return usePoolOrder(({ machine, reason = "" }: { machine: Pick<Machine, "id">; reason?: string }): Promise<unknown> => {
    const params = { path: { id: machine.id } };
    switch (order) {
      case "maintenance":
        return answer(api.POST("/api/vms/{id}/maintenance", { params, body: { reason } }));
      case "return":
        return answer(api.POST("/api/vms/{id}/return", { params }));
      case "recycle":
        return answer(api.POST("/api/vms/{id}/recycle", { params }));
      case "release":
        return answer(api.POST("/api/vms/{id}/release-quarantine", { params }));
      case "retire":
        return answer(api.DELETE("/api/vms/{id}", { params }));
    }
  });
}

/** Whatever was done to the pool, what is shown of it is asked for again. */
export function usePoolOrder<Order, Result>(mutationFn: (order: Order) => Promise<Result>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => client.invalidateQueries({ queryKey: POOL }) });
}
