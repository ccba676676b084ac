/** How far the project is, and its steps from top to bottom; each leads to its place in the log. */

import { ActionIcon, Collapse, Group, Text, UnstyledButton } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";

import type { Project, ProjectStep } from "@/api/contract";
import { useSpeech, useT } from "@/shared/i18n/language";
import { duration } from "@/shared/i18n/times";
import { useStepName } from "@/shared/step-names";
import { Panel } from "@/shared/ui/Panel";
import { stepLooks } from "@/shared/ui/states";
import { useNow } from "@/shared/use-now";

import { finishedSteps, percentOf, runningStep, stepDuration } from "../progress";
import { ProgressBar } from "../ProgressBar";
import { isMoving } from "../queries";
import { Remaining } from "../Remaining";
import { HostResults } from "./HostResults";
import classes from "./StepTimeline.module.css";

interface StepTimelineProps {
  project: Project;
  /** When the service said so; the moment itself, of a project of the past. */
  asked: number;
  past: boolean;
  onShow: (number: number) => void;
}

export function StepTimeline({ project, asked, past, onShow }: StepTimelineProps) {
  const t = useT();
  const named = useStepName();
  const running = runningStep(project);
  const ticking = useNow(running !== undefined && !past);
  const total = project.steps.length;
  return (
    <Panel
      title={t("one.steps")}
      flush
      aside={
        <Text size="xs" c="var(--text-soft)" className="figures">
          {t("projects.steps", { done: finishedSteps(project.steps), total })}
        </Text>
      }
    >
      <p className="visually-hidden" role="status">
        {running !== undefined && t("one.running", { number: running.number, total, name: named(running.name) })}
      </p>
      {isMoving(project.status) && total > 0 && <Share project={project} asked={asked} past={past} />}
      {total === 0 && (
        <Text size="sm" c="var(--text-soft)" p="md">
          {t("one.noSteps")}
        </Text>
      )}
      <ol className={classes.steps}>
        {project.steps.map((step) => (
          <Step key={step.number} step={step} dryRun={project.dry_run} now={past ? asked : ticking} onShow={onShow} />
        ))}
      </ol>
    </Panel>
  );
}

function Share({ project, asked, past }: { project: Project; asked: number; past: boolean }) {
  const t = useT();
  return (
    <div className={classes.share}>
      <ProgressBar project={project} bare />
      <Group justify="space-between" gap="xs" mt={6}>
        <Text size="xs" fw={600} className="figures">
          {t("progress.share", { percent: percentOf(project.progress) })}
        </Text>
        <Text size="xs" c="var(--text-soft)" component="div">
          {!past && project.status === "configuring" && <Remaining progress={project.progress} asked={asked} />}
        </Text>
      </Group>
    </div>
  );
}

interface StepProps {
  step: ProjectStep;
  dryRun: boolean;
  now: number;
  onShow: (number: number) => void;
}

function Step({ step, dryRun, now, onShow }: StepProps) {
  const { t, language } = useSpeech();
  const [open, setOpen] = useState(false);
  const name = useStepName()(step.name);
  const look = stepLooks[step.status];
  const Icon = look.icon;
  const took = stepDuration(step, now);
  return (
    <li data-tone={look.tone} aria-current={step.status === "running" ? "step" : undefined} className={classes.item}>
      <div className={classes.step}>
        <span className={classes.sign}>
          <Icon size={18} stroke={2} aria-hidden className={look.turning ? "turning" : undefined} />
        </span>
        <UnstyledButton
          className={classes.body}
          disabled={step.status === "pending"}
          onClick={() => onShow(step.number)}
          aria-label={`${step.number}. ${name}: ${t(look.label)}. ${t("one.stepJump", { number: step.number })}`}
        >
          <span className={classes.name}>{name}</span>
          <span className={`${classes.under} figures`}>
            {t(look.label)}
            {took !== null && ` · ${duration(took, language)}`}
            {step.attempt > 1 && step.status !== "pending" && ` · ${t("one.attempt", { number: step.attempt })}`}
          </span>
        </UnstyledButton>
        {step.hosts.length > 0 && (
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            mt={9}
            aria-expanded={open}
            aria-label={t("host.results", { number: step.number })}
            onClick={() => setOpen(!open)}
          >
            <IconChevronDown size={16} className={open ? classes.opened : undefined} />
          </ActionIcon>
        )}
      </div>
      <Collapse expanded={open}>{step.hosts.length > 0 && <HostResults step={step} dryRun={dryRun} />}</Collapse>
    </li>
  );
}
