/** Whether new projects may start, and what people are told meanwhile. */

import { Stack, Switch, Textarea } from "@mantine/core";

import { useT } from "@/shared/i18n/language";
import { Panel } from "@/shared/ui/Panel";

import type { SectionProps } from "./section";

export function MaintenanceSection({ form, onChange }: SectionProps) {
  const t = useT();
  return (
    <Panel title={t("settings.maintenance")}>
      <Stack gap="md">
        <Switch
          label={t("settings.maintenanceSwitch")}
          description={t("settings.maintenanceHint")}
          checked={form.maintenance_mode}
          onChange={(event) => onChange({ maintenance_mode: event.currentTarget.checked })}
        />
        <Textarea
          label={t("settings.maintenanceMessage")}
          autosize
          minRows={2}
          value={form.maintenance_message}
          onChange={(event) => onChange({ maintenance_message: event.currentTarget.value })}
        />
      </Stack>
    </Panel>
  );
}
