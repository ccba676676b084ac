/** What somebody changed on a machine behind the platform's back: what, before, after, and since when. */

import { Badge, Table, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import type { Drifted } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { Ago } from "@/shared/ui/Ago";
import { Callout } from "@/shared/ui/Callout";

import { driftWord } from "./drift-words";

export function DriftNotice({ drift }: { drift: readonly Drifted[] }) {
  const t = useT();
  return (
    <Callout tone="notice" icon={IconAlertTriangle} role="status" title={t("drift.title")}>
      <Text size="sm" mb="xs">
        {t("drift.hint")}
      </Text>
      <Table.ScrollContainer minWidth={240}>
        <Table verticalSpacing={4} horizontalSpacing="xs" aria-label={t("drift.title")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("drift.what")}</Table.Th>
              <Table.Th>{t("drift.before")}</Table.Th>
              <Table.Th>{t("drift.after")}</Table.Th>
              <Table.Th>{t("drift.since")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {drift.map((one) => (
              <Table.Tr key={one.what}>
                <Table.Td>{t(`drift.${one.what}`)}</Table.Td>
                <Value text={driftWord(one.what, one.before, t)} />
                <Value text={driftWord(one.what, one.after, t)} />
                <Table.Td>
                  <Ago time={one.at} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Callout>
  );
}

function Value({ text }: { text: string }) {
  return (
    <Table.Td style={{ overflowWrap: "anywhere", maxWidth: 260 }}>
      <code>{text}</code>
    </Table.Td>
  );
}

/** For a row of the pool's table: which of it is not as it is recorded, and since when. */
export function DriftBadges({ drift }: { drift: readonly Drifted[] | null }) {
  const t = useT();
  if (drift === null) return null;
  return drift.map(({ what, at }) => (
    <Badge key={what} size="sm" variant="light" color="orange" tt="none" radius="sm" mt={4}>
      {t("drift.badge", { what: t(`drift.${what}`) })} · <Ago time={at} />
    </Badge>
  ));
}
