/** The mark and the name. */

import { Group, Text } from "@mantine/core";

import { useT } from "@/shared/i18n/language";

export function Wordmark() {
  const t = useT();
  return (
    <Group gap={9} wrap="nowrap">
      <img src="/icon.svg" width={26} height={26} alt="" />
      <Text fw={680} size="md" lts="-0.01em">
        {t("app.name")}
      </Text>
    </Group>
  );
}
