/** Tells a project that machines of it are gone for good, and what can be done. */

import { List, Text } from "@mantine/core";
import { IconServerOff } from "@tabler/icons-react";

import type { ProjectMachine } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { lostReason } from "@/shared/lost-reason";
import { Ago } from "@/shared/ui/Ago";
import { Callout } from "@/shared/ui/Callout";

export function LostMachines({ machines }: { machines: readonly ProjectMachine[] }) {
  const t = useT();
  const lost = machines.flatMap(({ id, name, lost_at: at, lost_reason: reason }) => (at === null ? [] : [{ id, name, at, reason }]));
  if (lost.length === 0) return null;
  return (
    <Callout tone="bad" icon={IconServerOff} role="status" title={t("one.lost", { count: lost.length })}>
      <List size="sm" listStyleType="none">
        {lost.map(({ id, name, at, reason }) => (
          <List.Item key={id}>
            <b>{name}</b> <Ago time={at} />
            {reason !== null && `: ${lostReason(reason, t)}`}
          </List.Item>
        ))}
      </List>
      <Text size="sm" c="var(--text-soft)" mt={4}>
        {t("one.lostTry")}
      </Text>
    </Callout>
  );
}
