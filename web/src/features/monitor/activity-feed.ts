/** The feed as pages, newest first. */

import type { ActivityEntry, ActivityPage } from "@/api/contract";

export interface Feed {
  pages: ActivityPage[];
  pageParams: (string | null)[];
}

/** The feed with one more entry on top; one that a page brought already stays where it is. */
export function withEntry(feed: Feed, entry: ActivityEntry): Feed {
  const [newest, ...older] = feed.pages;
  if (newest === undefined || newest.events.some(({ id }) => id === entry.id)) return feed;
  return { ...feed, pages: [{ ...newest, events: [entry, ...newest.events] }, ...older] };
}
