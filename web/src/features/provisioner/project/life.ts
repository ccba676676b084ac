/** A project's life on a line of time: its events as marks, and between them how it stood. */

import type { CloudEvent, ProjectStatus } from "@/api/contract";
import { fromEvent, toneOf } from "@/features/monitor/happening";
import { momentAfter } from "@/shared/time-scale";
import { projectLooks } from "@/shared/ui/states";
import type { TimeMark, TimePhase } from "@/shared/ui/TimeSlider";

/** What a project is from this event on; other events leave it as it is. */
const becomes: Readonly<Record<string, ProjectStatus>> = {
  requested: "requested",
  "retry-requested": "requested",
  rejected: "rejected",
  "provisioning-started": "configuring",
  provisioned: "completed",
  "provisioning-failed": "failed",
  cancelled: "cancelled",
  "teardown-started": "deleting",
  deleted: "deleted",
};

const over: ReadonlySet<string> = new Set(["deleted", "rejected"]);

export interface Life {
  from: number;
  to: number;
  marks: TimeMark[];
  phases: TimePhase[];
}

/** `events` oldest first; `words` is what an event says. A life that is over ends with its last event. */
export function lifeOf(events: readonly CloudEvent[], now: number, words: (event: CloudEvent) => string): Life | null {
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) return null;
  const end = over.has(verbOf(last)) ? momentAfter(last.time) : Math.max(now, momentAfter(last.time));
  return {
    from: momentAfter(first.time),
    to: end,
    marks: events.map((event) => ({
      time: momentAfter(event.time),
      label: words(event),
      tone: toneOf(fromEvent(event, new Map()).kind),
    })),
    phases: events.flatMap((event) => {
      const status = becomes[verbOf(event)];
      return status === undefined ? [] : [{ from: momentAfter(event.time), tone: projectLooks[status].tone }];
    }),
  };
}

function verbOf({ type }: CloudEvent): string {
  return type.split(".")[2] ?? "";
}
