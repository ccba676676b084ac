/** How vCenter, or a single ESXi host, is reached; what is typed can be tried before it is saved. */

import { Button, Group, PasswordInput, SimpleGrid, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { IconCircleCheck, IconPlugConnected, IconPlugConnectedX } from "@tabler/icons-react";

import type { SettingsChange, VcenterAccess, VcenterTest } from "@/api/contract";
import { useSpeech, useT } from "@/shared/i18n/language";
import { Callout } from "@/shared/ui/Callout";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";
import { causedWords } from "@/shared/ui/problem-words";

import { useTestVcenter } from "./queries";
import { textField, type SectionProps } from "./section";

interface VcenterSectionProps extends SectionProps {
  /** What was typed and is not saved yet. */
  change: SettingsChange;
}

export function VcenterSection({ form, change, onChange }: VcenterSectionProps) {
  const t = useT();
  const text = (name: Parameters<typeof textField>[1]) => textField({ form, onChange }, name);
  return (
    <Panel title={t("settings.vcenter")}>
      <Stack gap="md">
        <Text size="sm" c="var(--text-soft)">
          {t("settings.vcenterHint")}
        </Text>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
          <TextInput label={t("settings.vcenterHost")} {...text("vcenter_host")} />
          <TextInput label={t("settings.vcenterPort")} placeholder="443" inputMode="numeric" {...text("vcenter_port")} />
          <TextInput label={t("settings.vcenterUsername")} {...text("vcenter_username")} />
          <PasswordInput
            label={t("settings.vcenterPassword")}
            placeholder={t(form.vcenter_password_set ? "settings.passwordKept" : "settings.passwordNone")}
            value={change.vcenter_password ?? ""}
            autoComplete="new-password"
            onChange={(event) => onChange({ vcenter_password: event.currentTarget.value })}
          />
          <TextInput label={t("settings.datacenter")} description={t("settings.datacenterHint")} {...text("vcenter_datacenter")} />
          <TextInput label={t("settings.esxi")} description={t("settings.esxiHint")} {...text("esxi_host")} />
        </SimpleGrid>
        <TextInput
          label={t("settings.fingerprint")}
          description={t("settings.fingerprintHint")}
          {...text("vcenter_fingerprint")}
        />
        <Textarea
          label={t("settings.caPem")}
          description={t("settings.caPemHint")}
          autosize
          minRows={2}
          maxRows={8}
          placeholder="-----BEGIN CERTIFICATE-----"
          {...text("vcenter_ca_pem")}
        />
        <ConnectionTest access={typedAccess(change)} />
      </Stack>
    </Panel>
  );
}

const ACCESS = [
  "vcenter_host",
  "vcenter_port",
  "vcenter_username",
  "vcenter_password",
  "vcenter_datacenter",
  "vcenter_fingerprint",
  "vcenter_ca_pem",
  "esxi_host",
] as const;

/** The service knows the rest, the password among it. */
function typedAccess(change: SettingsChange): VcenterAccess {
  return Object.fromEntries(ACCESS.filter((name) => change[name] !== undefined).map((name) => [name, change[name]]));
}

function ConnectionTest({ access }: { access: VcenterAccess }) {
  const t = useT();
  const test = useTestVcenter();
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <Button
          variant="default"
          leftSection={<IconPlugConnected size={16} aria-hidden />}
          loading={test.isPending}
          onClick={() => test.mutate(access)}
        >
          {t("settings.test")}
        </Button>
        <Text size="xs" c="var(--text-soft)">
          {t("settings.testHint")}
        </Text>
      </Group>
      {test.error !== null && <ProblemAlert error={test.error} />}
      {test.data !== undefined && <Outcome test={test.data} />}
    </Stack>
  );
}

function Outcome({ test: { ok, slug, detail, causes = [], server } }: { test: VcenterTest }) {
  const { t, language } = useSpeech();
  if (ok) {
    return (
      <Callout tone="ok" icon={IconCircleCheck} role="status" title={t("settings.testOk")}>
        {server != null && <Text size="sm">{t("settings.testServer", { name: server.name, version: server.version })}</Text>}
      </Callout>
    );
  }
  const words = causedWords({ type: slug ?? "vcenter-fault", detail, causes }, language);
  return (
    <Callout tone="bad" icon={IconPlugConnectedX} role="alert" title={words.title}>
      <Text size="sm">{words.body}</Text>
    </Callout>
  );
}
