/** Questions and orders to the provisioner service. */

import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { answer, api } from "@/api/client";
import type { Project, ProjectStatus } from "@/api/contract";
import { onlySilence } from "@/api/problem";
import { useSpeech } from "@/shared/i18n/language";
import { useIsOperator } from "@/shared/session";

const PROJECTS = ["projects"] as const;
const APPROVALS = [...PROJECTS, "approval"] as const;
const project = (id: string) => ["project", id] as const;

/** While one of these lasts the platform is at work on the project. */
const moving: ReadonlySet<ProjectStatus> = new Set(["requested", "configuring", "deleting"]);

export function isMoving(status: ProjectStatus): boolean {
  return moving.has(status);
}

export function useTemplates() {
  const { language } = useSpeech();
  return useQuery({
    queryKey: ["templates", language],
    queryFn: () => answer(api.GET("/api/templates", { params: { header: { "Accept-Language": language } } })),
    staleTime: 60_000,
  });
}

export function useProjects() {
  return useInfiniteQuery({
    queryKey: [...PROJECTS, "all"],
    queryFn: ({ pageParam }) =>
      answer(
        api.GET("/api/projects", { params: { query: { limit: 50, ...(pageParam === "" ? {} : { cursor: pageParam }) } } }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? null,
    select: (data) => ({ projects: data.pages.flatMap((page) => page.projects) }),
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.projects.some(({ status }) => moving.has(status))) ? 3_000 : 15_000,
    placeholderData: keepPreviousData,
  });
}

export function useProject(id: string) {
  return useQuery({
    queryKey: project(id),
    queryFn: () => answer(api.GET("/api/projects/{id}", { params: { path: { id } } })),
    refetchInterval: (query) => pace(query.state.data),
  });
}

/** The project as it was at a moment; null asks nothing. The past does not change. */
export function usePastProject(id: string, at: number | null) {
  return useQuery({
    queryKey: ["past-project", id, at],
    queryFn: () =>
      answer(
        api.GET("/api/projects/{id}", {
          params: { path: { id }, query: { at: new Date(at ?? Date.now()).toISOString() } },
        }),
      ),
    enabled: at !== null,
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
}

/** Steps are told by the log's frames; what no frame tells is asked for. */
function pace(shown: Project | undefined): number {
  switch (shown?.status) {
    case "requested":
      // Who waits for an operator or for other people's machines may wait for hours.
      return shown.waiting_for === null ? 1_500 : 4_000;
    case "deleting":
      return 1_500;
    case "configuring":
      return 10_000;
    case "failed":
      // While its machines are held their giving back is told by nothing else.
      return shown.machines_held_until === null ? 30_000 : 3_000;
    default:
      return 30_000;
  }
}

export function useProjectEvents(id: string) {
  return useQuery({
    queryKey: [...project(id), "events"],
    queryFn: () => answer(api.GET("/api/projects/{id}/events", { params: { path: { id } } })),
  });
}

/** Asks again for all that is shown of one project. */
export function refreshProject(client: QueryClient, id: string): Promise<unknown> {
  return Promise.all([
    client.invalidateQueries({ queryKey: project(id) }),
    client.invalidateQueries({ queryKey: PROJECTS }),
    client.invalidateQueries({ queryKey: ["pool"] }),
    client.invalidateQueries({ queryKey: ["quota"] }),
  ]);
}

/** What waits for an operator's approval, the oldest first. */
export function useApprovals(enabled = true) {
  return useQuery({
    queryKey: APPROVALS,
    queryFn: () =>
      answer(api.GET("/api/projects", { params: { query: { waiting_for: "approval", limit: 200 } } })),
    select: ({ projects }) => projects.toReversed(),
    refetchInterval: 15_000,
    enabled,
  });
}

export function useApprovalCount(): number {
  return useApprovals(useIsOperator()).data?.length ?? 0;
}

/** What the project's owner may use at once, and uses. */
export function useOwnersQuota(id: string) {
  return useQuery({
    queryKey: [...project(id), "quota"],
    queryFn: () => answer(api.GET("/api/projects/{id}/quota", { params: { path: { id } } })),
    refetchInterval: 15_000,
  });
}

export function useOwnQuota() {
  return useQuery({ queryKey: ["quota"], queryFn: () => answer(api.GET("/api/quota")) });
}

export function useApprove({ id }: Project) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.POST("/api/projects/{id}/approve", { params: { path: { id } } })),
    onSettled: () => refreshProject(client, id),
  });
}

export function useReject({ id }: Project) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      answer(api.POST("/api/projects/{id}/reject", { params: { path: { id } }, body: { reason } })),
    onSettled: () => refreshProject(client, id),
  });
}

export interface NewProject {
  name: string;
  template: string;
  packages: string[];
  /** Null: until it is deleted. */
  lease_days: number | null;
  variables: Record<string, string>;
  /** Only show what would change. */
  dry_run: boolean;
  /** Rather than be refused, wait for machines, quota and the end of maintenance. */
  wait: boolean;
}

export function useProvision() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewProject; key: string }) =>
      answer(api.POST("/api/provision", { body, params: { header: { "Idempotency-Key": key } } })),
    // Under the same key the order is carried out once, however often it is sent.
    retry: onlySilence,
    onSuccess: () => client.invalidateQueries({ queryKey: PROJECTS }),
  });
}

export type ProjectOrder = "cancel" | "retry" | "delete";

export function useProjectOrder({ id }: Project, order: ProjectOrder) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => {
      const params = { path: { id } };
      switch (order) {
        case "cancel":
          return answer(api.POST("/api/projects/{id}/cancel", { params }));
        case "retry":
          return answer(api.POST("/api/projects/{id}/retry", { params }));
        case "delete":
          return answer(api.DELETE("/api/projects/{id}", { params }));
      }
    },
    onSettled: () => refreshProject(client, id),
  });
}

export function useExtendLease({ id }: Project) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (days: number) =>
      answer(api.PATCH("/api/projects/{id}/lease", { params: { path: { id } }, body: { days } })),
    onSettled: () => refreshProject(client, id),
  });
}

export async function projectLog(id: string): Promise<string> {
  return answer(api.GET("/api/projects/{id}/logs", { params: { path: { id } }, parseAs: "text" }));
}
