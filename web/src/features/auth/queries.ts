/** Questions and orders to the auth service. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { answer, api, idempotencyKey } from "@/api/client";
import type { Account, RegistrationForm, Role } from "@/api/contract";
import { onlySilence } from "@/api/problem";
import { session } from "@/api/session";
import { endSession, useIsOperator } from "@/shared/session";

const ACCOUNTS = ["accounts"] as const;
const SESSIONS = ["own-sessions"] as const;
const NOBODY: readonly Account[] = [];

export function useSignIn() {
  return useMutation({
    mutationFn: (body: { username: string; password: string }) => answer(api.POST("/api/login", { body })),
    retry: onlySilence,
    onSuccess: (opened) => session.begin(opened),
  });
}

export function useRegister() {
  return useMutation({
    mutationFn: (body: RegistrationForm) =>
      answer(api.POST("/api/register", { body, params: { header: { "Idempotency-Key": idempotencyKey() } } })),
  });
}

/** The answer is a new session of one's own: all that there were are over. */
export function useChangePassword() {
  return useMutation({
    mutationFn: (body: { current_password: string; new_password: string }) =>
      answer(api.POST("/api/me/password", { body })),
    onSuccess: (opened) => session.begin(opened),
  });
}

export function useOwnSessions() {
  return useQuery({
    queryKey: SESSIONS,
    queryFn: async () => (await answer(api.GET("/api/me/sessions"))).sessions,
  });
}

export function useEndOwnSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, password }: { id: string; password: string }) =>
      answer(api.POST("/api/me/sessions/{session_id}/end", { params: { path: { session_id: id } }, body: { password } })),
    onSettled: () => client.invalidateQueries({ queryKey: SESSIONS }),
  });
}

export function useSignOutEverywhere() {
  return useMutation({ mutationFn: () => answer(api.POST("/api/me/revoke-sessions")) });
}

/** Signs out even when the platform does not answer: this browser then forgets the session anyway. */
export async function signOut(): Promise<void> {
  try {
    await api.POST("/api/token/revoke");
  } finally {
    endSession();
  }
}

export function useAccounts(enabled = true) {
  return useQuery({
    queryKey: ACCOUNTS,
    queryFn: () => answer(api.GET("/api/admin/accounts", { params: { query: { limit: 200 } } })),
    refetchInterval: 15_000,
    enabled,
  });
}

export function usePendingAccounts(): readonly Account[] {
  const accounts = useAccounts(useIsOperator()).data?.accounts ?? NOBODY;
  return accounts.filter((account) => account.status === "pending");
}

export type AccountOrder = "approve" | "suspend" | "reactivate";

export function useAccountOrder(order: AccountOrder) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (account: Account) => {
      const params = { path: { account_id: account.id } };
      switch (order) {
        case "approve":
          return answer(api.POST("/api/admin/accounts/{account_id}/approve", { params }));
        case "suspend":
          return answer(api.POST("/api/admin/accounts/{account_id}/suspend", { params }));
        case "reactivate":
          return answer(api.POST("/api/admin/accounts/{account_id}/reactivate", { params }));
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: ACCOUNTS }),
  });
}

export function useAmendAccount({ id }: Account) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { role?: Role; machine_quota?: number; run_quota?: number }) =>
      answer(api.PATCH("/api/admin/accounts/{account_id}", { params: { path: { account_id: id } }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: ACCOUNTS }),
  });
}
