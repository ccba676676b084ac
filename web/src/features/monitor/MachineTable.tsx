/** The table of machines; a column's head sorts by it, and once more the other way round. */

import { Anchor, Button, Table, Text, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowsSort, IconArrowUp, IconTerminal2 } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import type { MachineResources } from "@/api/contract";
import type { LabelKey } from "@/shared/i18n/catalogue";
import { useT } from "@/shared/i18n/language";
import { StateBadge } from "@/shared/ui/StateBadge";
import { machineLooks } from "@/shared/ui/states";

import { Meter } from "./Meter";
import { sorted, type Column, type Sorting } from "./sorting";
import { UpSign } from "./UpSign";

const columns: readonly [Column, LabelKey][] = [
  ["name", "machines.machine"],
  ["status", "machines.state"],
  ["up", "machines.health"],
  ["cpu_percent", "machines.cpu"],
  ["memory_percent", "machines.memory"],
  ["disk_percent", "machines.disk"],
  ["owner", "machines.owner"],
];

export function MachineTable({ machines }: { machines: readonly MachineResources[] }) {
  const t = useT();
  const [sorting, setSorting] = useState<Sorting>({ column: "name", descending: false });
  return (
    <Table.ScrollContainer minWidth={880}>
      <Table highlightOnHover aria-label={t("machines.title")}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(([column, label]) => (
              <SortableHead key={column} column={column} label={t(label)} sorting={sorting} onSort={setSorting} />
            ))}
            <Table.Th>
              <span className="visually-hidden">{t("table.actions")}</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sorted(machines, sorting).map((machine) => (
            <MachineRow key={machine.vm.id} machine={machine} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

interface SortableHeadProps {
  column: Column;
  label: string;
  sorting: Sorting;
  onSort: (sorting: Sorting) => void;
}

function SortableHead({ column, label, sorting, onSort }: SortableHeadProps) {
  const t = useT();
  const active = sorting.column === column;
  const Icon = active ? (sorting.descending ? IconArrowDown : IconArrowUp) : IconArrowsSort;
  return (
    <Table.Th aria-sort={active ? (sorting.descending ? "descending" : "ascending") : "none"}>
      <UnstyledButton
        fz="inherit"
        fw="inherit"
        aria-label={t("table.sortBy", { column: label })}
        onClick={() => onSort({ column, descending: active && !sorting.descending })}
        style={{ display: "inline-flex", alignItems: "center", gap: 4, whiteSpace: "nowrap" }}
      >
        {label}
        <Icon size={13} opacity={active ? 1 : 0.35} aria-hidden />
      </UnstyledButton>
    </Table.Th>
  );
}

function MachineRow({ machine }: { machine: MachineResources }) {
  const t = useT();
  const { vm } = machine;
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} to={`/machines/${vm.id}`} size="sm" fw={560}>
          {vm.name}
        </Anchor>
        <Text size="xs" c="var(--text-soft)" ff="monospace">
          {vm.address}
        </Text>
      </Table.Td>
      <Table.Td>
        <StateBadge look={machineLooks[vm.status]} />
      </Table.Td>
      <Table.Td>
        <UpSign up={machine.up} />
      </Table.Td>
      <Table.Td>
        <Meter label={t("machines.cpu")} percent={machine.cpu_percent} />
      </Table.Td>
      <Table.Td>
        <Meter label={t("machines.memory")} percent={machine.memory_percent} />
      </Table.Td>
      <Table.Td>
        <Meter label={t("machines.disk")} percent={machine.disk_percent} />
      </Table.Td>
      <Table.Td>
        {vm.project_id === null ? (
          <Text size="sm" c="var(--text-soft)">
            {t("time.none")}
          </Text>
        ) : (
          <Anchor component={Link} to={`/projects/${vm.project_id}`} size="sm">
            {vm.owner ?? t("machines.project")}
          </Anchor>
        )}
      </Table.Td>
      <Table.Td ta="right">
        <Button
          component={Link}
          to={`/terminal/${vm.id}`}
          target="_blank"
          size="xs"
          variant="default"
          leftSection={<IconTerminal2 size={15} />}
          aria-label={t("one.terminalOf", { name: vm.name })}
        >
          {t("one.terminal")}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
