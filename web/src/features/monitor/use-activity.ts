/** The feed of activity: its pages, and what happens while they are looked at. */

import { useDocumentVisibility } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { answer, api } from "@/api/client";
import type { ActivityEntry } from "@/api/contract";
import { session } from "@/api/session";

import { withEntry, type Feed } from "./activity-feed";
import { followActivity, type ActivityDoors } from "./activity-stream";

interface Wanted {
  /** An aggregate such as `vm`; null for all. */
  kind?: string | null;
  limit?: number;
}

const ACTIVITY = "activity";

export function useActivity({ kind = null, limit = 50 }: Wanted) {
  useLiveActivity();
  return useInfiniteQuery({
    queryKey: [ACTIVITY, kind, limit],
    queryFn: ({ pageParam: cursor }) =>
      answer(
        api.GET("/api/activity", {
          params: { query: { limit, ...(kind === null ? {} : { kind }), ...(cursor === null ? {} : { cursor }) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    select: (data) => data.pages.flatMap((page) => page.events),
    placeholderData: keepPreviousData,
  });
}

const doors: ActivityDoors = {
  open: (after, signal) =>
    session.send(
      new Request("/api/activity/stream", { headers: after === null ? {} : { "Last-Event-ID": after }, signal }),
    ),
  pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/** Only while the page is in sight: over plain http a browser has six connections for all tabs together. */
function useLiveActivity(): void {
  const client = useQueryClient();
  const visible = useDocumentVisibility() === "visible";
  useEffect(() => {
    if (!visible) return;
    const leaving = new AbortController();
    const listeners = {
      onBegin: () => void client.invalidateQueries({ queryKey: [ACTIVITY] }),
      onEntry: (entry: ActivityEntry) => show(client, entry),
    };
    void followActivity(doors, listeners, leaving.signal);
    return () => leaving.abort();
  }, [client, visible]);
}

function show(client: QueryClient, entry: ActivityEntry): void {
  for (const { queryKey } of client.getQueryCache().findAll({ queryKey: [ACTIVITY] })) {
    const kind = queryKey[1];
    if (typeof kind === "string" && !entry.kind.startsWith(`${kind}.`)) continue;
    client.setQueryData<Feed>(queryKey, (feed) => feed && withEntry(feed, entry));
  }
}
