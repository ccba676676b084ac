/** What is below the project's headline. */

import { Grid } from "@mantine/core";
import { IconBan, IconFileDiff } from "@tabler/icons-react";
import type { RefObject } from "react";

import type { Project } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { Callout } from "@/shared/ui/Callout";

import type { ChangeReader } from "../log/changes";
import { LogPanel, type LogPanelHandle } from "../log/LogPanel";
import type { LogSnapshot } from "../log/log-stream";
import { isMoving } from "../queries";
import { WaitingNotice } from "../WaitingNotice";
import { DryRunPanel } from "./DryRunPanel";
import { FailurePanel } from "./FailurePanel";
import { LostMachines } from "./LostMachines";
import { ProjectHistory } from "./ProjectHistory";
import { ProjectMachines } from "./ProjectMachines";
import { RetryNote } from "./RetryNote";
import { StepTimeline } from "./StepTimeline";

interface ProjectContentProps {
  /** As it is: the log is always that of now. */
  live: Project;
  /** As it is shown: as it is, or as it was `at` a moment. */
  shown: Project;
  at: number | null;
  asked: number;
  log: LogSnapshot;
  changes: ChangeReader | null;
  panel: RefObject<LogPanelHandle | null>;
}

export function ProjectContent({ live, shown, at, asked, log, changes, panel }: ProjectContentProps) {
  const past = at !== null;
  const showStep = (number: number) => panel.current?.showStep(number);
  return (
    <>
      <Notices project={shown} past={past} />
      <Grid gap="md">
        {changes !== null && (
          <Grid.Col span={12}>
            <DryRunPanel project={shown} changes={changes} onShow={showStep} />
          </Grid.Col>
        )}
        <Grid.Col span={{ base: 12, md: 4, xl: 3 }}>
          <StepTimeline project={shown} asked={asked} past={past} onShow={showStep} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 8, xl: 9 }}>
          <LogPanel
            handle={panel}
            log={log}
            projectId={live.id}
            projectName={live.name}
            expectsMore={isMoving(live.status)}
            kinds={changes?.kinds ?? null}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <ProjectMachines project={shown} past={past} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <ProjectHistory project={live} at={at} />
        </Grid.Col>
      </Grid>
    </>
  );
}

function Notices({ project, past }: { project: Project; past: boolean }) {
  const t = useT();
  return (
    <>
      {project.waiting_for !== null && <WaitingNotice project={project} waiting={project.waiting_for} />}
      {project.failure !== null && <FailurePanel project={project} failure={project.failure} past={past} />}
      <LostMachines machines={project.vms} />
      {project.status === "cancelled" && !past && (
        <Callout tone="idle" icon={IconBan} title={t("one.cancelledTitle")}>
          <RetryNote project={project} />
        </Callout>
      )}
      {project.dry_run && project.failure === null && project.status !== "cancelled" && (
        <Callout tone="held" icon={IconFileDiff}>
          {t("dry.explained")}
        </Callout>
      )}
    </>
  );
}
