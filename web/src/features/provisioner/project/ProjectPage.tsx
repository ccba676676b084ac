/** One project: its steps beside its live log, its machines, its history, and what can be done with it. */

import { Grid, Group, Stack, Text } from "@mantine/core";
import { useRef } from "react";
import { useParams } from "react-router";

import { NotFoundPage } from "@/app/NotFoundPage";
import type { Project } from "@/api/contract";
import { asProblem } from "@/api/problem";
import { useSpeech } from "@/shared/i18n/language";
import { dateTime } from "@/shared/i18n/times";
import { Ago } from "@/shared/ui/Ago";
import { Loading } from "@/shared/ui/Loading";
import { PageHeader } from "@/shared/ui/PageHeader";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";
import { StateBadge } from "@/shared/ui/StateBadge";
import { projectLooks } from "@/shared/ui/states";

import { LogPanel, type LogPanelHandle } from "../log/LogPanel";
import { useLog } from "../log/use-log";
import { isMoving, useProject } from "../queries";
import { FailurePanel } from "./FailurePanel";
import { ProjectActions } from "./ProjectActions";
import { ProjectHistory } from "./ProjectHistory";
import { ProjectMachines } from "./ProjectMachines";
import { StepTimeline } from "./StepTimeline";

export function ProjectPage() {
  const { id = "" } = useParams();
  const project = useProject(id);
  if (project.data !== undefined) return <ProjectView key={id} project={project.data} />;
  if (project.error === null) return <Loading rows={8} height={26} />;
  if (asProblem(project.error).status === 404) return <NotFoundPage />;
  return <ProblemAlert error={project.error} onRetry={() => void project.refetch()} />;
}

function ProjectView({ project }: { project: Project }) {
  const log = useLog(project.id, isMoving(project.status));
  const panel = useRef<LogPanelHandle>(null);
  return (
    <>
      <PageHeader
        title={project.name}
        beside={<StateBadge look={projectLooks[project.status]} />}
        under={<Facts project={project} />}
        actions={<ProjectActions project={project} />}
      />
      <Stack gap="md">
        {project.failure !== null && <FailurePanel project={project} failure={project.failure} />}
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 4, xl: 3 }}>
            <StepTimeline project={project} onShow={(number) => panel.current?.showStep(number)} />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 8, xl: 9 }}>
            <LogPanel
              handle={panel}
              log={log}
              projectId={project.id}
              projectName={project.name}
              expectsMore={isMoving(project.status)}
            />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 7 }}>
            <ProjectMachines project={project} />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 5 }}>
            <ProjectHistory project={project} />
          </Grid.Col>
        </Grid>
      </Stack>
    </>
  );
}

function Facts({ project }: { project: Project }) {
  const { t, language } = useSpeech();
  const lease = project.lease_expires_at;
  return (
    <Group gap={6} c="var(--text-soft)" fz="sm">
      <span>{project.template}</span>·<span>{project.owner}</span>·<Ago time={project.created_at} />·
      <span>{lease === null ? t("one.noLease") : t("one.leaseUntil", { time: dateTime(lease, language) })}</span>
      {project.packages.length > 0 && (
        <>
          ·
          <Text span size="sm">
            {t("one.packages")}: <Text span ff="monospace" fz="0.8em">{project.packages.join(" ")}</Text>
          </Text>
        </>
      )}
    </Group>
  );
}
