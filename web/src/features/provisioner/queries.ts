/** Questions and orders to the provisioner service. */

import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { answer, api } from "@/api/client";
import type { Project, ProjectStatus } from "@/api/contract";
import { onlySilence } from "@/api/problem";
import { useSpeech } from "@/shared/i18n/language";

const PROJECTS = ["projects"] as const;
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
    queryKey: PROJECTS,
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
    refetchInterval: (query) => pace(query.state.data?.status),
  });
}

/** Steps are told by the log's frames; what no frame tells is asked for. */
function pace(status: ProjectStatus | undefined): number | false {
  switch (status) {
    case "requested":
    case "deleting":
      return 1_500;
    case "configuring":
      return 10_000;
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
  ]);
}

export interface NewProject {
  name: string;
  template: string;
  packages: string[];
  /** Null: until it is deleted. */
  lease_days: number | null;
  variables: Record<string, string>;
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
