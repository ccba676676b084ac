/** Where it failed, on which machine, in whose words; and what a retry would do. */

import { Code, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleX } from "@tabler/icons-react";

import type { HostFailure, Project, ProjectFailure } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { useStepName } from "@/shared/step-names";
import { Callout } from "@/shared/ui/Callout";

import { RetryNote } from "./RetryNote";

interface FailurePanelProps {
  project: Project;
  failure: ProjectFailure;
  /** Of the past nothing can be retried. */
  past: boolean;
}

export function FailurePanel({ project, failure, past }: FailurePanelProps) {
  const t = useT();
  const named = useStepName();
  if (project.status === "rejected") return <Refusal failure={failure} />;
  const step = project.steps.find(({ number }) => number === failure.step);
  const title = step === undefined ? t("one.failedRun") : t("one.failedAt", { number: step.number, name: named(step.name) });
  return (
    <Callout tone="bad" icon={IconAlertTriangle} title={title}>
      <Stack gap="sm" mt={4}>
        {failure.failures.length === 0 && <Text size="sm">{failure.detail}</Text>}
        {failure.failures.map((host) => (
          <HostReason key={`${host.vm} ${host.task}`} host={host} />
        ))}
        {project.dry_run && <Text size="sm">{t("dry.limits")}</Text>}
        {!past && project.status === "failed" && <RetryNote project={project} />}
        {failure.failures.length > 0 && (
          <Text size="sm" c="var(--text-soft)">
            {t("retry.wrongPackage")}
          </Text>
        )}
      </Stack>
    </Callout>
  );
}

/** The reason is an operator's sentence, or the service's. */
function Refusal({ failure }: { failure: ProjectFailure }) {
  const t = useT();
  const title = t(failure.reason === "not-approved" ? "one.notApproved" : "one.rejected");
  return (
    <Callout tone="notice" icon={IconCircleX} title={title}>
      {failure.detail}
    </Callout>
  );
}

function HostReason({ host }: { host: HostFailure }) {
  const t = useT();
  return (
    <div>
      <Text size="sm" fw={570}>
        {t("one.failedOn", { vm: host.vm, task: host.task })}
        {host.unreachable && ` (${t("one.unreachable")})`}
      </Text>
      <Code block mt={4} style={{ whiteSpace: "pre-wrap", maxHeight: 200 }}>
        {host.reason}
      </Code>
    </div>
  );
}
