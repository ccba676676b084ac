/** Questions and orders about the policies that keep the pool at its size. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { answer, api, versioned } from "@/api/client";
import type { PolicyRule } from "@/api/contract";
import { asProblem } from "@/api/problem";

const POLICIES = ["policies"] as const;

export function usePolicies() {
  return useQuery({
    queryKey: POLICIES,
    queryFn: () => answer(api.GET("/api/pool/policies")),
    refetchInterval: 5_000,
  });
}

/** One policy with the version that a change of it is based on; an empty name asks nothing. */
export function usePolicy(name: string) {
  return useQuery({
    queryKey: [...POLICIES, name],
    queryFn: () => versioned(api.GET("/api/pool/policies/{name}", { params: { path: { name } } })),
    enabled: name !== "",
    gcTime: 0,
  });
}

interface Keeping {
  name: string;
  rule: PolicyRule;
  /** Null: it is new. */
  version: string | null;
}

export function useKeepPolicy() {
  return useOrder(({ name, rule, version }: Keeping) =>
    answer(api.PUT("/api/pool/policies/{name}", { params: { path: { name }, ...(version === null ? ONLY_NEW : basedOn(version)) }, body: rule })),
  );
}

export function useRemovePolicy() {
  return useOrder(({ name, version }: Omit<Keeping, "rule">) =>
    answer(api.DELETE("/api/pool/policies/{name}", { params: { path: { name }, ...basedOn(version) } })),
  );
}

const ONLY_NEW = { header: { "if-none-match": "*" } };

function basedOn(version: string | null): { header?: { "if-match": string } } {
  return version === null ? {} : { header: { "if-match": version } };
}

function useOrder<Order, Result>(mutationFn: (order: Order) => Promise<Result>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn,
    onSuccess: () => client.invalidateQueries({ queryKey: POLICIES }),
    // What somebody else has stored meanwhile is shown below what was typed here.
    onError: async (error) => {
      if (asProblem(error).status === 412) await client.invalidateQueries({ queryKey: POLICIES });
    },
  });
}
