import { describe, expect, test } from "vitest";

import type { ActivityEntry } from "@/api/contract";
import { serverEvents } from "@/api/server-events";
import { withEntry } from "@/features/monitor/activity-feed";
import { followActivity } from "@/features/monitor/activity-stream";

function body(...chunks: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const bytes = new TextEncoder();
  return new ReadableStream({
    start: (controller) => {
      chunks.forEach((chunk) => controller.enqueue(bytes.encode(chunk)));
      controller.close();
    },
  });
}

const frame = (sequence: number) => `id: ${sequence}\nevent: activity\ndata: {"id":"e${sequence}"}\n\n`;
const entry = (id: string) => ({ id }) as ActivityEntry;

describe("server-sent events", () => {
  test("are whole however the network cut them; comments and advice are passed over", async () => {
    const seen = [];
    for await (const event of serverEvents(body("retry: 2000\n\n: still", " here\n\nid: 7\nda", 'ta: {"a":"값"}\n', "\nid: 8\n"))) {
      seen.push(event);
    }
    expect(seen).toEqual([{ id: "7", data: '{"a":"값"}' }]);
  });
});

describe("following the activity", () => {
  test("goes on behind the last entry after each loss", async () => {
    const leaving = new AbortController();
    const opened: (string | null)[] = [];
    const seen: string[] = [];
    let begins = 0;
    const answers = [() => new Response(body(frame(1), frame(2))), () => new Response("", { status: 502 }), () => new Response(body(frame(3)))];
    await followActivity(
      {
        open: (after) => {
          opened.push(after);
          return Promise.resolve(answers[opened.length - 1]?.() ?? new Response(body()));
        },
        pause: () => {
          if (opened.length === 3) leaving.abort();
          return Promise.resolve();
        },
      },
      { onBegin: () => (begins += 1), onEntry: ({ id }) => seen.push(id) },
      leaving.signal,
    );
    expect(opened).toEqual([null, "2", "2"]);
    expect(seen).toEqual(["e1", "e2", "e3"]);
    expect(begins).toBe(1);
  });

  test("an entry is shown once, on top, whether a page or the stream brought it", () => {
    const feed = { pages: [{ events: [entry("b"), entry("a")], next_cursor: null }], pageParams: [null] };
    expect(withEntry(feed, entry("b"))).toBe(feed);
    expect(withEntry(feed, entry("c")).pages[0]?.events.map(({ id }) => id)).toEqual(["c", "b", "a"]);
  });
});
