/** What happened to the project, newest first. */

import type { CloudEvent, Project } from "@/api/contract";
import { EventList } from "@/features/monitor/EventList";
import { fromEvent, type Happening } from "@/features/monitor/happening";
import { useT } from "@/shared/i18n/language";
import { useAccount } from "@/shared/session";
import { Loading } from "@/shared/ui/Loading";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { useProjectEvents } from "../queries";
import classes from "./ProjectHistory.module.css";

export function ProjectHistory({ project }: { project: Project }) {
  const t = useT();
  const events = useProjectEvents(project.id);
  const me = useAccount();
  return (
    <Panel title={t("one.history")} flush>
      {events.isPending && <Loading rows={4} />}
      {events.error !== null && <ProblemAlert error={events.error} onRetry={() => void events.refetch()} />}
      {events.data !== undefined && (
        <div className={classes.scroll}>
          <EventList happenings={happenings(events.data.events, [me.id, me.username])} />
        </div>
      )}
    </Panel>
  );
}

/** The events name accounts by their ids; those of the reader and of the owner are known. */
function happenings(events: readonly CloudEvent[], reader: [string, string]): Happening[] {
  const people = new Map([reader]);
  for (const { owner_id, owner_username } of events.map(({ data }) => data)) {
    if (typeof owner_id === "string" && typeof owner_username === "string") people.set(owner_id, owner_username);
  }
  return events.map((event) => fromEvent(event, people)).toReversed();
}
