/** How an import went: who joined, and why the others did not. */

import { Button, Group, List, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";

import type { Imported } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { Callout } from "@/shared/ui/Callout";

interface ImportResultProps {
  imported: Imported;
  onClose: () => void;
}

export function ImportResult({ imported: { vms, failures = {} }, onClose }: ImportResultProps) {
  const t = useT();
  const failed = Object.entries(failures);
  return (
    <Stack gap="md">
      {vms.length > 0 && (
        <Callout tone="ok" icon={IconCircleCheck} role="status" title={t("import.joined", { count: vms.length })}>
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            {vms.map(({ name }) => name).join(", ")}
          </Text>
        </Callout>
      )}
      {failed.length > 0 && (
        <Callout tone="bad" icon={IconAlertTriangle} role="alert" title={t("import.failed", { count: failed.length })}>
          <List size="sm" listStyleType="none">
            {failed.map(([name, reason]) => (
              <List.Item key={name}>
                <b>{name}</b>: {reason}
              </List.Item>
            ))}
          </List>
        </Callout>
      )}
      <Group justify="flex-end">
        <Button onClick={onClose} data-autofocus>
          {t("import.done")}
        </Button>
      </Group>
    </Stack>
  );
}
