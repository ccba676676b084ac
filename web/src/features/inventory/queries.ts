/** Questions and orders to the inventory service. */

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { answer, api, idempotencyKey } from "@/api/client";
import type { Machine, NewMachine, SettingsChange } from "@/api/contract";

const POOL = ["pool"] as const;
const SETTINGS = ["settings"] as const;

export function usePool() {
  return useQuery({ queryKey: POOL, queryFn: () => answer(api.GET("/api/pool")), refetchInterval: 5_000 });
}

/** The pool as it was at a moment; null asks nothing. The past does not change. */
export function usePastPool(at: number | null) {
  return useQuery({
    queryKey: ["past-pool", at],
    queryFn: () =>
      answer(api.GET("/api/pool", { params: { query: { at: new Date(at ?? Date.now()).toISOString() } } })),
    enabled: at !== null,
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
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

export type MachineOrder = "maintenance" | "return" | "recycle" | "release" | "retire";

export function useMachineOrder(order: MachineOrder) {
  return usePoolOrder(({ machine, reason = "" }: { machine: Machine; reason?: string }): Promise<unknown> => {
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

function usePoolOrder<Order, Result>(mutationFn: (order: Order) => Promise<Result>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => client.invalidateQueries({ queryKey: POOL }) });
}

export function useSettings() {
  return useQuery({ queryKey: SETTINGS, queryFn: () => answer(api.GET("/api/admin/settings")) });
}

export function useSaveSettings() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: SettingsChange) => answer(api.PUT("/api/admin/settings", { body })),
    onSuccess: async (saved) => {
      client.setQueryData(SETTINGS, saved);
      await client.invalidateQueries({ queryKey: POOL });
    },
  });
}

export function useFactoryReset() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (password: string) => answer(api.POST("/api/admin/reset", { body: { confirm: "RESET", password } })),
    onSuccess: () => client.invalidateQueries(),
  });
}
