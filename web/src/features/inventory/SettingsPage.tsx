/** The operator's settings, saved by section's form as a whole, and the factory reset. */

import { Button, Group, PasswordInput, SimpleGrid, Stack, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";

import type { Settings, SettingsChange } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { Loading } from "@/shared/ui/Loading";
import { noticeDone } from "@/shared/ui/notices";
import { PageHeader } from "@/shared/ui/PageHeader";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { FactoryReset } from "./FactoryReset";
import { useSaveSettings, useSettings } from "./queries";

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
          <SettingsForm settings={settings.data} />
          <FactoryReset />
        </Stack>
      )}
    </Stack>
  );
}

function SettingsForm({ settings }: { settings: Settings }) {
  const t = useT();
  const save = useSaveSettings();
  const [change, setChange] = useState<SettingsChange>({});
  const form = { ...settings, ...change };
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
        <VcenterSection form={form} password={change.vcenter_password ?? ""} onChange={set} />
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

interface SectionProps {
  form: Settings;
  onChange: (change: SettingsChange) => void;
}

function MaintenanceSection({ form, onChange }: SectionProps) {
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

function VcenterSection({ form, password, onChange }: SectionProps & { password: string }) {
  const t = useT();
  const text = (name: "vcenter_host" | "vcenter_username" | "vcenter_datacenter" | "esxi_host") => ({
    value: form[name],
    onChange: (event: { currentTarget: { value: string } }) => onChange({ [name]: event.currentTarget.value }),
    autoComplete: "off",
    spellCheck: false,
  });
  return (
    <Panel title={t("settings.vcenter")}>
      <Stack gap="md">
        <Text size="sm" c="var(--text-soft)">
          {t("settings.vcenterHint")}
        </Text>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
          <TextInput label={t("settings.vcenterHost")} {...text("vcenter_host")} />
          <TextInput label={t("settings.datacenter")} {...text("vcenter_datacenter")} />
          <TextInput label={t("settings.vcenterUsername")} {...text("vcenter_username")} />
          <PasswordInput
            label={t("settings.vcenterPassword")}
            placeholder={t(form.vcenter_password_set ? "settings.passwordKept" : "settings.passwordNone")}
            value={password}
            autoComplete="new-password"
            onChange={(event) => onChange({ vcenter_password: event.currentTarget.value })}
          />
          <TextInput label={t("settings.esxi")} {...text("esxi_host")} />
        </SimpleGrid>
      </Stack>
    </Panel>
  );
}
