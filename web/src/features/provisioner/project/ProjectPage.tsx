/** One project, now or as it was: its steps beside its log, its machines, its history, and what can be done with it. */

import { Stack } from "@mantine/core";
import { useRef } from "react";
import { useParams } from "react-router";

import { NotFoundPage } from "@/app/NotFoundPage";
import type { Project } from "@/api/contract";
import { asProblem } from "@/api/problem";
import { Loading } from "@/shared/ui/Loading";
import { PageHeader } from "@/shared/ui/PageHeader";
import { PastNotice } from "@/shared/ui/PastNotice";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";
import { StateBadge } from "@/shared/ui/StateBadge";
import { projectLooks } from "@/shared/ui/states";
import { useAt } from "@/shared/use-at";

import { DryRunBadge } from "../DryRunBadge";
import type { LogPanelHandle } from "../log/LogPanel";
import { useChanges } from "../log/use-changes";
import { useLog } from "../log/use-log";
import { isMoving, usePastProject, useProject } from "../queries";
import { ProjectActions } from "./ProjectActions";
import { ProjectContent } from "./ProjectContent";
import { ProjectFacts } from "./ProjectFacts";
import { ProjectTime } from "./ProjectTime";

export function ProjectPage() {
  const { id = "" } = useParams();
  const project = useProject(id);
  if (project.data !== undefined) return <ProjectView key={id} project={project.data} asked={project.dataUpdatedAt} />;
  if (project.error === null) return <Loading rows={8} height={26} />;
  if (asProblem(project.error).status === 404) return <NotFoundPage />;
  return <ProblemAlert error={project.error} onRetry={() => void project.refetch()} />;
}

function ProjectView({ project, asked }: { project: Project; asked: number }) {
  const [at, setAt] = useAt();
  const past = usePastProject(project.id, at);
  const log = useLog(project.id, isMoving(project.status));
  const changes = useChanges(log, project.dry_run);
  const panel = useRef<LogPanelHandle>(null);
  const absent = at !== null && past.error !== null && asProblem(past.error).status === 404;
  const shown = at === null ? project : past.error === null ? past.data : undefined;
  return (
    <>
      <PageHeader
        title={project.name}
        beside={
          <>
            {shown !== undefined && <StateBadge look={projectLooks[shown.status]} />}
            {project.dry_run && <DryRunBadge />}
          </>
        }
        under={<ProjectFacts project={shown ?? project} />}
        actions={<ProjectActions project={project} disabled={at !== null} />}
      />
      <Stack gap="md">
        <ProjectTime project={project} at={at} onAt={setAt} />
        {at !== null && <PastNotice at={at} existed={!absent} onNow={() => setAt(null)} />}
        {past.error !== null && at !== null && !absent && (
          <ProblemAlert error={past.error} onRetry={() => void past.refetch()} />
        )}
        {at !== null && past.isPending && <Loading rows={6} height={26} />}
        {shown !== undefined && (
          <ProjectContent
            live={project}
            shown={shown}
            at={at}
            asked={at ?? asked}
            log={log}
            changes={changes}
            panel={panel}
          />
        )}
      </Stack>
    </>
  );
}
