/** Which of vCenter's machines are shown. */

import { NativeSelect, SimpleGrid, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";

import { useT } from "@/shared/i18n/language";

import { useVcenterNames, type MachineFilter } from "./queries";

interface FilterFieldsProps {
  filter: MachineFilter;
  onChange: (filter: MachineFilter) => void;
}

export function FilterFields({ filter, onChange }: FilterFieldsProps) {
  const t = useT();
  const [folders, tags] = [useVcenterNames("folders"), useVcenterNames("tags")];
  const settle = useDebouncedCallback((pattern: string) => onChange({ ...filter, pattern }), 300);
  const options = (names: readonly string[]) => [
    { value: "", label: t("vcenter.any") },
    ...names.map((name) => ({ value: name, label: name })),
  ];
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
      <NativeSelect
        label={t("vcenter.folder")}
        data={options(folders)}
        value={filter.folder}
        onChange={(event) => onChange({ ...filter, folder: event.currentTarget.value })}
      />
      <NativeSelect
        label={t("vcenter.tag")}
        data={options(tags)}
        value={filter.tag}
        onChange={(event) => onChange({ ...filter, tag: event.currentTarget.value })}
      />
      <TextInput
        label={t("vcenter.pattern")}
        title={t("vcenter.patternHint")}
        placeholder="web-*"
        onChange={(event) => settle(event.currentTarget.value.trim())}
        spellCheck={false}
      />
    </SimpleGrid>
  );
}
