/** The steps from top to bottom with their state, duration and attempts; each leads to its place in the log. */

import { Text, UnstyledButton } from "@mantine/core";

import type { Project, ProjectStep } from "@/api/contract";
import { useSpeech, useT } from "@/shared/i18n/language";
import { duration } from "@/shared/i18n/times";
import { useStepName } from "@/shared/step-names";
import { Panel } from "@/shared/ui/Panel";
import { stepLooks } from "@/shared/ui/states";
import { useNow } from "@/shared/use-now";

import { finishedSteps, runningStep, stepDuration } from "../progress";
import classes from "./StepTimeline.module.css";

export function StepTimeline({ project, onShow }: { project: Project; onShow: (number: number) => void }) {
  const t = useT();
  const named = useStepName();
  const running = runningStep(project);
  const now = useNow(running !== undefined);
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
      {project.status === "requested" || (project.status === "configuring" && nothingBegan(project)) ? (
        <Text size="sm" c="var(--text-soft)" px="md" pt="sm">
          {t("one.waiting")}
        </Text>
      ) : null}
      {total === 0 && (
        <Text size="sm" c="var(--text-soft)" p="md">
          {t("one.noSteps")}
        </Text>
      )}
      <ol className={classes.steps}>
        {project.steps.map((step) => (
          <Step key={step.number} step={step} now={now} onShow={onShow} />
        ))}
      </ol>
    </Panel>
  );
}

function Step({ step, now, onShow }: { step: ProjectStep; now: number; onShow: (number: number) => void }) {
  const { t, language } = useSpeech();
  const name = useStepName()(step.name);
  const look = stepLooks[step.status];
  const Icon = look.icon;
  const took = stepDuration(step, now);
  return (
    <li className={classes.step} data-tone={look.tone} aria-current={step.status === "running" ? "step" : undefined}>
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
          {step.attempt > 1 && ` · ${t("one.attempt", { number: step.attempt })}`}
        </span>
      </UnstyledButton>
    </li>
  );
}

function nothingBegan(project: Project): boolean {
  return project.steps.every(({ status }) => status === "pending");
}
