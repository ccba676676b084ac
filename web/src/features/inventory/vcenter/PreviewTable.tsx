/** What an import would take: the machines that vCenter has, with a box to tick for each. */

import { Badge, Button, Checkbox, Group, ScrollArea, Table, Text } from "@mantine/core";
import { IconSearchOff } from "@tabler/icons-react";

import type { VcenterItem } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Loading } from "@/shared/ui/Loading";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { allChosen, allToggled, toggled } from "./choice";
import type { useVcenterMachines } from "./queries";

interface PreviewTableProps {
  machines: ReturnType<typeof useVcenterMachines>;
  chosen: ReadonlySet<string>;
  onChoose: (chosen: ReadonlySet<string>) => void;
}

export function PreviewTable({ machines, chosen, onChoose }: PreviewTableProps) {
  const t = useT();
  if (machines.isPending) return <Loading rows={5} />;
  if (machines.data === undefined) return <ProblemAlert error={machines.error} onRetry={() => void machines.refetch()} />;
  const shown = machines.data.pages.flatMap(({ items }) => items);
  const total = machines.data.pages[0]?.total ?? 0;
  if (shown.length === 0) return <EmptyState icon={IconSearchOff} title={t("vcenter.none")} body={t("vcenter.noneBody")} />;
  return (
    <div>
      <ScrollArea.Autosize mah={320} type="auto" viewportProps={{ tabIndex: 0, "aria-label": t("vcenter.importTitle"), role: "region" }}>
        <Table miw={620} verticalSpacing={6} aria-label={t("vcenter.importTitle")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={40}>
                <Checkbox
                  size="xs"
                  aria-label={t("vcenter.chooseAll")}
                  checked={allChosen(chosen, shown)}
                  onChange={() => onChoose(allToggled(chosen, shown))}
                />
              </Table.Th>
              <Table.Th>{t("pool.machine")}</Table.Th>
              <Table.Th>{t("vcenter.folder")}</Table.Th>
              <Table.Th>{t("pool.where")}</Table.Th>
              <Table.Th>{t("vcenter.power")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((item) => (
              <Row
                key={item.reference}
                item={item}
                chosen={chosen.has(item.reference)}
                onToggle={() => onChoose(toggled(chosen, item.reference))}
              />
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      <Group justify="space-between" mt="xs">
        <Text size="xs" c="var(--text-soft)" role="status" className="figures">
          {t("vcenter.found", { total, chosen: chosen.size })}
        </Text>
        {machines.hasNextPage && (
          <Button size="xs" variant="default" loading={machines.isFetchingNextPage} onClick={() => void machines.fetchNextPage()}>
            {t("action.more")}
          </Button>
        )}
      </Group>
    </div>
  );
}

interface RowProps {
  item: VcenterItem;
  chosen: boolean;
  onToggle: () => void;
}

function Row({ item, chosen, onToggle }: RowProps) {
  const t = useT();
  return (
    <Table.Tr>
      <Table.Td>
        <Checkbox
          size="xs"
          checked={chosen}
          disabled={item.taken}
          onChange={onToggle}
          aria-label={t("vcenter.choose", { name: item.name })}
        />
      </Table.Td>
      <Table.Td>
        <Text size="sm" fw={560}>
          {item.name}
        </Text>
        <Text size="xs" c="var(--text-soft)">
          <span style={{ fontFamily: "var(--mantine-font-family-monospace)" }}>{item.address}</span> {item.guest}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{item.folder === "" ? t("time.none") : item.folder}</Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{item.placement}</Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{t(`vcenter.power.${item.power}`)}</Text>
        {item.taken && (
          <Badge size="xs" variant="default" tt="none">
            {t("vcenter.taken")}
          </Badge>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
