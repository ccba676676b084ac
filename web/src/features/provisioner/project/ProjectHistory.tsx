/** What happened to the project, newest first. */

import type { Project } from "@/api/contract";
import { EventList } from "@/features/monitor/EventList";
import { fromEvent } from "@/features/monitor/happening";
import { useT } from "@/shared/i18n/language";
import { Loading } from "@/shared/ui/Loading";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { useProjectEvents } from "../queries";
import classes from "./ProjectHistory.module.css";

export function ProjectHistory({ project }: { project: Project }) {
  const t = useT();
  const events = useProjectEvents(project.id);
  return (
    <Panel title={t("one.history")} flush>
      {events.isPending && <Loading rows={4} />}
      {events.error !== null && <ProblemAlert error={events.error} onRetry={() => void events.refetch()} />}
      {events.data !== undefined && (
        <div className={classes.scroll}>
          <EventList happenings={events.data.events.map(fromEvent).toReversed()} />
        </div>
      )}
    </Panel>
  );
}
