/** Questions and orders about the settings, what runs still, and the factory reset. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { answer, api, versioned } from "@/api/client";
import type { SettingsChange, VcenterAccess } from "@/api/contract";
import { asProblem } from "@/api/problem";

const SETTINGS = ["settings"] as const;
const DRAIN = ["drain"] as const;

export function useSettings() {
  return useQuery({ queryKey: SETTINGS, queryFn: () => versioned(api.GET("/api/admin/settings")) });
}

/** Saves what was changed, if nobody else has changed anything since `version`. */
export function useSaveSettings(version: string | null) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: SettingsChange) =>
      versioned(
        api.PUT("/api/admin/settings", { body, params: version === null ? {} : { header: { "if-match": version } } }),
      ),
    onSuccess: async (saved) => {
      client.setQueryData(SETTINGS, saved);
      await Promise.all([
        client.invalidateQueries({ queryKey: ["pool"] }),
        client.invalidateQueries({ queryKey: DRAIN }),
        client.invalidateQueries({ queryKey: ["vcenter"] }),
      ]);
    },
    // What the other one has stored is shown below what was typed here.
    onError: async (error) => {
      if (asProblem(error).status === 412) await client.invalidateQueries({ queryKey: SETTINGS });
    },
  });
}

export function useTestVcenter() {
  return useMutation({
    mutationFn: (body: VcenterAccess) => answer(api.POST("/api/admin/settings/test-vcenter", { body })),
  });
}

const WAIT_SECONDS = 5;

/** What runs still while nothing new begins. After the first answer the next one waits for the end of it. */
export function useDrain(enabled: boolean) {
  const client = useQueryClient();
  return useQuery({
    queryKey: DRAIN,
    queryFn: () => {
      const wait = client.getQueryData(DRAIN) === undefined ? 0 : WAIT_SECONDS;
      return answer(api.GET("/api/platform/drain", { params: { query: { wait } } }));
    },
    refetchInterval: (query) => (query.state.data?.drained === false ? 500 : 10_000),
    enabled,
  });
}

export interface ResetOrder {
  password: string;
  machines: "recycle" | "forget";
}

export function useFactoryReset() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (order: ResetOrder) => answer(api.POST("/api/admin/reset", { body: { confirm: "RESET", ...order } })),
    onSuccess: () => client.invalidateQueries(),
  });
}

/** The public keys that machines are to trust: the content of a `TrustedUserCAKeys` file. */
export function useAuthorities() {
  return useQuery({
    queryKey: ["ssh-authorities"],
    queryFn: async () => (await answer(api.GET("/.well-known/ssh-authorities", { parseAs: "text" }))).trim(),
    staleTime: 60_000,
  });
}
