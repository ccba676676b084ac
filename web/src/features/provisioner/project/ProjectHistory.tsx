/** What happened to the project, newest first, and who did it. */

import type { CloudEvent, Project } from "@/api/contract";
import { useAccounts } from "@/features/auth/queries";
import { EventList } from "@/features/monitor/EventList";
import { fromEvent } from "@/features/monitor/happening";
import { useT } from "@/shared/i18n/language";
import { useAccount, useIsOperator } from "@/shared/session";
import { momentAfter } from "@/shared/time-scale";
import { Loading } from "@/shared/ui/Loading";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { useProjectEvents } from "../queries";
import classes from "./ProjectHistory.module.css";

const NONE: readonly CloudEvent[] = [];

/** Until `at`, if the project is looked at as it was then. */
export function ProjectHistory({ project, at }: { project: Project; at: number | null }) {
  const t = useT();
  const events = useProjectEvents(project.id);
  const all = events.data?.events ?? NONE;
  const people = usePeople(all);
  const shown = at === null ? all : all.filter(({ time }) => momentAfter(time) <= at);
  return (
    <Panel title={t("one.history")} flush>
      {events.isPending && <Loading rows={4} />}
      {events.error !== null && <ProblemAlert error={events.error} onRetry={() => void events.refetch()} />}
      {events.data !== undefined && (
        <div className={classes.scroll}>
          <EventList happenings={shown.map((event) => fromEvent(event, people)).toReversed()} />
        </div>
      )}
    </Panel>
  );
}

/** The events name accounts by their ids; the reader and the owner are known, to an operator everyone is. */
function usePeople(events: readonly CloudEvent[]): ReadonlyMap<string, string> {
  const me = useAccount();
  const accounts = useAccounts(useIsOperator()).data?.accounts ?? [];
  const people = new Map([[me.id, me.username], ...accounts.map(({ id, username }): [string, string] => [id, username])]);
  for (const { owner_id, owner_username } of events.map(({ data }) => data)) {
    if (typeof owner_id === "string" && typeof owner_username === "string") people.set(owner_id, owner_username);
  }
  return people;
}
