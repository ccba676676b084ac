/** While nothing new begins: what runs still, until nothing does and the platform can be stopped. */

import { Anchor, Group, List, Text } from "@mantine/core";
import { IconCircleCheck, IconLoader2 } from "@tabler/icons-react";
import { Link } from "react-router";

import type { Drain } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { Callout } from "@/shared/ui/Callout";
import { Loading } from "@/shared/ui/Loading";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { useDrain } from "./queries";

export function DrainPanel() {
  const t = useT();
  const drain = useDrain(true);
  if (drain.isPending) return <Loading rows={2} />;
  if (drain.data === undefined) return <ProblemAlert error={drain.error} onRetry={() => void drain.refetch()} />;
  const { running } = drain.data;
  if (running.length === 0) return <Callout tone="ok" icon={IconCircleCheck} role="status" title={t("settings.drained")} />;
  return (
    <Callout tone="busy" icon={IconLoader2} role="status" title={t("settings.drainWaiting", { count: running.length })}>
      <Running projects={running} />
    </Callout>
  );
}

function Running({ projects }: { projects: Drain["running"] }) {
  const t = useT();
  return (
    <List size="sm" listStyleType="none" aria-label={t("settings.drainList")}>
      {projects.map(({ id, name, owner, template }) => (
        <List.Item key={id}>
          <Group gap={8}>
            <Anchor component={Link} to={`/projects/${id}`} size="sm" fw={560}>
              {name}
            </Anchor>
            <Text span size="xs" c="var(--text-soft)">
              {t("settings.drainOf", { template, owner })}
            </Text>
          </Group>
        </List.Item>
      ))}
    </List>
  );
}
