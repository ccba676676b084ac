/** Where clones come from and go to, unless an order says otherwise. */

import { SimpleGrid, Stack, Text, TextInput } from "@mantine/core";

import { useT } from "@/shared/i18n/language";
import { Panel } from "@/shared/ui/Panel";

import { textField, type SectionProps } from "./section";

export function CloneSection({ form, onChange }: SectionProps) {
  const t = useT();
  const text = (name: Parameters<typeof textField>[1]) => textField({ form, onChange }, name);
  return (
    <Panel title={t("settings.clones")}>
      <Stack gap="md">
        <Text size="sm" c="var(--text-soft)">
          {t("settings.clonesHint")}
        </Text>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
          <TextInput label={t("settings.template")} {...text("vcenter_template")} />
          <TextInput label={t("settings.folder")} {...text("vcenter_folder")} />
          <TextInput label={t("settings.datastore")} {...text("vcenter_datastore")} />
          <TextInput label={t("settings.network")} {...text("vcenter_network")} />
          <TextInput label={t("settings.resourcePool")} {...text("vcenter_resource_pool")} />
          <TextInput label={t("settings.sshUser")} {...text("vcenter_ssh_user")} />
          <TextInput
            label={t("settings.customization")}
            description={t("settings.customizationHint")}
            {...text("vcenter_customization")}
          />
          <TextInput
            label={t("settings.addressRange")}
            description={t("settings.addressRangeHint")}
            {...text("vcenter_address_range")}
          />
          <TextInput label={t("settings.gateway")} {...text("vcenter_gateway")} />
          <TextInput label={t("settings.nameservers")} {...text("vcenter_nameservers")} />
        </SimpleGrid>
      </Stack>
    </Panel>
  );
}
