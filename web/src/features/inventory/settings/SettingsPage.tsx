/** The operator's settings, saved as a whole if nobody else has changed them, and the factory reset. */

import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";

import type { Versioned } from "@/api/client";
import type { Settings, SettingsChange } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { Loading } from "@/shared/ui/Loading";
import { noticeDone } from "@/shared/ui/notices";
import { PageHeader } from "@/shared/ui/PageHeader";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { AuthorityPanel } from "./AuthorityPanel";
import { CloneSection } from "./CloneSection";
import { DrainPanel } from "./DrainPanel";
import { FactoryReset } from "./FactoryReset";
import { MaintenanceSection } from "./MaintenanceSection";
import { useSaveSettings, useSettings } from "./queries";
import { VcenterSection } from "./VcenterSection";

export function SettingsPage() {
  const t = useT();
  const settings = useSettings();
  return (
    <Stack gap={0} maw={860}>
      <PageHeader title={t("settings.title")} />
      {settings.isPending && <Loading rows={8} />}
      {settings.error !== null && <ProblemAlert error={settings.error} onRetry={() => void settings.refetch()} />}
      {settings.data !== undefined && (
        <Stack gap="md">
          {settings.data.value.maintenance_mode && <DrainPanel />}
          <SettingsForm settings={settings.data} />
          <AuthorityPanel />
          <FactoryReset />
        </Stack>
      )}
    </Stack>
  );
}

function SettingsForm({ settings: { value: stored, version } }: { settings: Versioned<Settings> }) {
  const t = useT();
  const save = useSaveSettings(version);
  const [change, setChange] = useState<SettingsChange>({});
  const form = { ...stored, ...change };
  const set = (next: SettingsChange) => setChange({ ...change, ...next });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    save.mutate(change, {
      onSuccess: () => {
        setChange({});
        noticeDone(t("settings.saved"));
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <MaintenanceSection form={form} onChange={set} />
        <VcenterSection form={form} change={change} onChange={set} />
        <CloneSection form={form} onChange={set} />
        <Panel title={t("settings.monitoring")}>
          <TextInput
            label={t("settings.prometheus")}
            description={t("settings.prometheusHint")}
            type="url"
            value={form.prometheus_url}
            onChange={(event) => set({ prometheus_url: event.currentTarget.value })}
          />
        </Panel>
        {save.error !== null && <ProblemAlert error={save.error} />}
        <Group justify="flex-end">
          <Button type="submit" disabled={Object.keys(change).length === 0} loading={save.isPending}>
            {t("action.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
