/** Where it failed, on which machine, and in whose words. */

import { Code, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import type { HostFailure, Project, ProjectFailure } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { useStepName } from "@/shared/step-names";
import { Callout } from "@/shared/ui/Callout";

export function FailurePanel({ project, failure }: { project: Project; failure: ProjectFailure }) {
  const t = useT();
  const named = useStepName();
  const step = project.steps.find(({ number }) => number === failure.step);
  const title = step === undefined ? t("one.failedRun") : t("one.failedAt", { number: step.number, name: named(step.name) });
  return (
    <Callout tone="bad" icon={IconAlertTriangle} title={title}>
      <Stack gap="sm" mt={4}>
        {failure.failures.length === 0 && <Text size="sm">{failure.detail}</Text>}
        {failure.failures.map((host) => (
          <HostReason key={`${host.vm} ${host.task}`} host={host} />
        ))}
        <Text size="sm" c="var(--text-soft)">
          {t("one.failedTry")}
        </Text>
      </Stack>
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
