/** Why the project waits, and what an operator can do about it. */

import { Group } from "@mantine/core";
import { IconBoxMultiple, IconClockPause, IconGauge, IconTool, IconUserCheck, type TablerIcon } from "@tabler/icons-react";

import type { Project, Waiting } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { useIsOperator } from "@/shared/session";
import { Callout } from "@/shared/ui/Callout";

import { ApprovalButtons } from "./approvals/ApprovalButtons";
import { waitingSentence, waitingTitle } from "./waiting";

const icons: Record<Waiting["reason"], TablerIcon> = {
  approval: IconUserCheck,
  maintenance: IconTool,
  quota: IconGauge,
  capacity: IconBoxMultiple,
  worker: IconClockPause,
};

export function WaitingNotice({ project, waiting }: { project: Project; waiting: Waiting }) {
  const t = useT();
  const decides = useIsOperator() && waiting.reason === "approval";
  return (
    <Callout
      tone={waiting.reason === "worker" ? "busy" : "notice"}
      icon={icons[waiting.reason]}
      title={waitingTitle(waiting, t)}
      role="status"
    >
      <Group justify="space-between" gap="sm">
        <span>{waitingSentence(waiting, t)}</span>
        {decides && (
          <Group gap="xs">
            <ApprovalButtons project={project} />
          </Group>
        )}
      </Group>
    </Callout>
  );
}
