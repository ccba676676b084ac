/** What one step did on each machine, and in Ansible's words why it failed there. */

import { Code, Text } from "@mantine/core";

import type { HostFailure, HostResult, ProjectStep } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import type { Tone } from "@/shared/ui/states";

import classes from "./HostResults.module.css";

interface HostResultsProps {
  step: ProjectStep;
  dryRun: boolean;
}

export function HostResults({ step, dryRun }: HostResultsProps) {
  const t = useT();
  return (
    <ul className={classes.hosts} aria-label={t("host.results", { number: step.number })}>
      {step.hosts.map((host) => (
        <li key={host.vm}>
          <span className={classes.vm}>{host.vm}</span>
          <Counts host={host} dryRun={dryRun} />
          <ChangedTasks names={host.changed_tasks ?? []} />
          {step.failures.filter(({ vm }) => vm === host.vm).map((failure) => (
            <Reason key={failure.task} failure={failure} />
          ))}
        </li>
      ))}
    </ul>
  );
}

function Counts({ host, dryRun }: { host: HostResult; dryRun: boolean }) {
  const t = useT();
  const { ok = 0, changed = 0, failed = 0, unreachable = 0, skipped = 0 } = host;
  const parts: [boolean, Tone, string][] = [
    [unreachable > 0, "bad", t("host.unreachable")],
    [failed > 0, "bad", t("host.failed", { count: failed })],
    [changed > 0, "notice", t(dryRun ? "host.wouldChange" : "host.changed", { count: changed })],
    [ok > 0, "ok", t("host.ok", { count: ok })],
    [skipped > 0, "idle", t("host.skipped", { count: skipped })],
  ];
  return (
    <span className={`${classes.counts} figures`}>
      {parts
        .filter(([present]) => present)
        .map(([, tone, words]) => (
          <span key={words} data-tone={tone}>
            {words}
          </span>
        ))}
    </span>
  );
}

function ChangedTasks({ names }: { names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <ul className={classes.tasks}>
      {names.map((name, index) => (
        <li key={`${index} ${name}`}>{name}</li>
      ))}
    </ul>
  );
}

function Reason({ failure }: { failure: HostFailure }) {
  return (
    <div className={classes.reason}>
      <Text size="xs" fw={560}>
        {failure.task}
      </Text>
      <Code block style={{ whiteSpace: "pre-wrap", maxHeight: 160 }}>
        {failure.reason}
      </Code>
    </div>
  );
}
