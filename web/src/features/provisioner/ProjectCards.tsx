/** The newest projects with their progress, for the dashboard. */

import { Anchor, Button, Group, Text } from "@mantine/core";
import { IconBoxMultiple, IconPlus } from "@tabler/icons-react";
import { Link } from "react-router";

import type { Project } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { useAccount } from "@/shared/session";
import { useStepName } from "@/shared/step-names";
import { Ago } from "@/shared/ui/Ago";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Loading } from "@/shared/ui/Loading";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";
import { StateBadge } from "@/shared/ui/StateBadge";
import { projectLooks } from "@/shared/ui/states";

import { DryRunBadge } from "./DryRunBadge";
import { runningStep } from "./progress";
import { ProgressBar } from "./ProgressBar";
import classes from "./ProjectCards.module.css";
import { useProjects } from "./queries";
import { Remaining } from "./Remaining";
import { WaitingWords } from "./WaitingWords";

const SHOWN = 6;

export function ProjectCards() {
  const projects = useProjects();
  if (projects.isPending) return <Loading rows={4} height={28} />;
  if (projects.error !== null) return <ProblemAlert error={projects.error} onRetry={() => void projects.refetch()} />;
  const present = projects.data.projects.filter(({ status }) => status !== "deleted").slice(0, SHOWN);
  if (present.length === 0) return <NoProjects />;
  return (
    <ul className={classes.list}>
      {present.map((project) => (
        <ProjectCard key={project.id} project={project} asked={projects.dataUpdatedAt} />
      ))}
    </ul>
  );
}

function ProjectCard({ project, asked }: { project: Project; asked: number }) {
  return (
    <li className={classes.card}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Anchor component={Link} to={`/projects/${project.id}`} size="sm" fw={580} truncate>
          {project.name}
        </Anchor>
        <Group gap={6} wrap="nowrap">
          {project.dry_run && <DryRunBadge />}
          <StateBadge look={projectLooks[project.status]} />
        </Group>
      </Group>
      <Group justify="space-between" gap="md" mt={6} wrap="nowrap">
        <Text size="xs" c="var(--text-soft)" component="div" truncate>
          <Under project={project} asked={asked} />
        </Text>
        <div className={classes.progress}>
          <ProgressBar project={project} />
        </div>
      </Group>
    </li>
  );
}

/** Why it waits, else which step runs and how long that may take, else what it is. */
function Under({ project, asked }: { project: Project; asked: number }) {
  const t = useT();
  const named = useStepName();
  const running = runningStep(project);
  if (project.waiting_for !== null) return <WaitingWords waiting={project.waiting_for} />;
  if (running !== undefined) {
    return (
      <>
        {t("one.running", { number: running.number, total: project.steps.length, name: named(running.name) })}
        {project.progress.remaining_seconds !== null && " · "}
        <Remaining progress={project.progress} asked={asked} />
      </>
    );
  }
  return (
    <>
      {project.template} · {project.owner} · <Ago time={project.created_at} />
    </>
  );
}

export function NoProjects() {
  const t = useT();
  const mayStart = useAccount().role !== "viewer";
  return (
    <EmptyState
      icon={IconBoxMultiple}
      title={t("projects.empty")}
      body={t(mayStart ? "projects.emptyBody" : "projects.emptyViewer")}
      action={
        mayStart && (
          <Button component={Link} to="/projects/new" leftSection={<IconPlus size={16} />}>
            {t("projects.new")}
          </Button>
        )
      }
    />
  );
}
