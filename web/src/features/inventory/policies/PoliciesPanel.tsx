/** The policies that keep the pool at its size, each with how it stands. */

import { Button, Group, Stack, Text } from "@mantine/core";
import { IconAdjustments, IconPlus } from "@tabler/icons-react";
import { useState } from "react";

import type { Policy } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Loading } from "@/shared/ui/Loading";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { PolicyCard } from "./PolicyCard";
import { PolicyDialog } from "./PolicyDialog";
import { usePolicies } from "./queries";
import { RemovePolicyDialog } from "./RemovePolicyDialog";

type Dialog = { kind: "new" } | { kind: "change" | "remove"; policy: Policy };

export function PoliciesPanel() {
  const t = useT();
  const asked = usePolicies();
  const policies = asked.data?.policies;
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const add = (
    <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={() => setDialog({ kind: "new" })}>
      {t("policy.add")}
    </Button>
  );
  const close = () => setDialog(null);
  return (
    <Panel title={t("policy.title")} aside={policies !== undefined && policies.length > 0 && add}>
      {asked.isPending && <Loading rows={3} />}
      {asked.error !== null && <ProblemAlert error={asked.error} onRetry={() => void asked.refetch()} />}
      {policies?.length === 0 && (
        <EmptyState icon={IconAdjustments} title={t("policy.empty")} body={t("policy.hint")} action={add} />
      )}
      {policies !== undefined && policies.length > 0 && (
        <Stack gap="md">
          <Text size="sm" c="var(--text-soft)">
            {t("policy.hint")}
          </Text>
          <Group gap="md" align="stretch">
            {policies.map((policy) => (
              <PolicyCard
                key={policy.name}
                policy={policy}
                onChange={() => setDialog({ kind: "change", policy })}
                onRemove={() => setDialog({ kind: "remove", policy })}
              />
            ))}
          </Group>
        </Stack>
      )}
      {dialog?.kind === "new" && <PolicyDialog policy={null} taken={policies?.map(({ name }) => name) ?? []} onClose={close} />}
      {dialog?.kind === "change" && <PolicyDialog policy={dialog.policy} taken={[]} onClose={close} />}
      {dialog?.kind === "remove" && <RemovePolicyDialog policy={dialog.policy} onClose={close} />}
    </Panel>
  );
}
