/** The top of a screen: its title, what is said about it, and what can be done here. */

import { Group, Stack, Title } from "@mantine/core";
import { useEffect, type ReactNode } from "react";

interface PageHeaderProps {
  title: string;
  beside?: ReactNode;
  under?: ReactNode;
  actions?: ReactNode;
}

export function PageHeader({ title, beside, under, actions }: PageHeaderProps) {
  useEffect(() => {
    document.title = `${title} · H-CMP`;
  }, [title]);
  return (
    <Group justify="space-between" align="flex-start" mb="lg" gap="md">
      <Stack gap={6} miw={0}>
        <Group gap="sm">
          <Title order={1}>{title}</Title>
          {beside}
        </Group>
        {under}
      </Stack>
      {actions !== undefined && <Group gap="xs">{actions}</Group>}
    </Group>
  );
}
