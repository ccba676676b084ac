/** An empty page says what to do first. */

import { Stack, Text, Title } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";

interface EmptyStateProps {
  icon: TablerIcon;
  title: string;
  body: string;
  action?: ReactNode;
}

export function EmptyState({ icon: Icon, title, body, action }: EmptyStateProps) {
  return (
    <Stack align="center" gap="xs" py={40} px="md" ta="center">
      <Icon size={36} stroke={1.3} color="var(--text-soft)" aria-hidden />
      <Title order={3}>{title}</Title>
      <Text size="sm" c="var(--text-soft)" maw={440}>
        {body}
      </Text>
      {action !== undefined && <div style={{ marginTop: 8 }}>{action}</div>}
    </Stack>
  );
}
