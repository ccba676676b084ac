/** Follows what happens as it happens, and after each loss goes on behind the last entry that arrived. */

import type { ActivityEntry } from "@/api/contract";
import { problemFrom } from "@/api/problem";
import { serverEvents } from "@/api/server-events";

/** The outside world: how the stream is opened behind an entry, and what time is. */
export interface ActivityDoors {
  open: (after: string | null, signal: AbortSignal) => Promise<Response>;
  pause: (milliseconds: number) => Promise<void>;
}

interface Listeners {
  /** The stream begins at this moment: what happened before it must be asked for. */
  onBegin: () => void;
  onEntry: (entry: ActivityEntry) => void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export async function followActivity(doors: ActivityDoors, listeners: Listeners, signal: AbortSignal): Promise<void> {
  let last: string | null = null;
  let failures = 0;
  const gone = () => signal.aborted;
  while (!gone()) {
    try {
      const response = await doors.open(last, signal);
      if (!response.ok || response.body === null) throw problemFrom(response.status, null);
      if (last === null) listeners.onBegin();
      for await (const { id, data } of serverEvents(response.body)) {
        last = id;
        failures = 0;
        listeners.onEntry(JSON.parse(data) as ActivityEntry);
      }
    } catch {
      // Why the stream was lost does not matter: it is opened again, ever more patiently.
    }
    if (gone()) return;
    await doors.pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures));
    failures += 1;
  }
}
