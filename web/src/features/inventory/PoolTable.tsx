/** The machines of the pool as a table, narrowed by state or by text. */

import { Anchor, Group, SegmentedControl, Table, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import type { Machine } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { Panel } from "@/shared/ui/Panel";
import { StateBadge } from "@/shared/ui/StateBadge";
import { machineLooks, poolOrder } from "@/shared/ui/states";

import { MachineActions } from "./MachineActions";

interface PoolTableProps {
  machines: readonly Machine[];
  /** As they were: nothing can be done with them. */
  past: boolean;
}

export function PoolTable({ machines, past }: PoolTableProps) {
  const t = useT();
  const [status, setStatus] = useState("all");
  const [text, setText] = useState("");
  const present = poolOrder.filter((one) => machines.some((machine) => machine.status === one));
  const shown = machines.filter((machine) => (status === "all" || machine.status === status) && matches(machine, text));
  return (
    <Panel flush>
      <Group p="sm" gap="sm">
        <SegmentedControl
          size="xs"
          value={status}
          onChange={setStatus}
          aria-label={t("pool.status")}
          data={[
            { value: "all", label: t("pool.all") },
            ...present.map((one) => ({ value: one, label: t(machineLooks[one].label) })),
          ]}
        />
        <TextInput
          size="xs"
          ml="auto"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder={t("table.filter")}
          aria-label={t("machines.filter")}
          leftSection={<IconSearch size={14} aria-hidden />}
        />
      </Group>
      <Table.ScrollContainer minWidth={700}>
        <Table highlightOnHover aria-label={t("pool.title")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("pool.machine")}</Table.Th>
              <Table.Th>{t("pool.status")}</Table.Th>
              <Table.Th>{t("pool.owner")}</Table.Th>
              <Table.Th>{t("pool.provider")}</Table.Th>
              <Table.Th>
                <span className="visually-hidden">{t("table.actions")}</span>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((machine) => (
              <PoolRow key={machine.id} machine={machine} past={past} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {shown.length === 0 && (
        <Text size="sm" c="var(--text-soft)" p="md">
          {t("table.noMatch")}
        </Text>
      )}
    </Panel>
  );
}

function PoolRow({ machine, past }: { machine: Machine; past: boolean }) {
  const t = useT();
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} to={`/machines/${machine.id}`} size="sm" fw={560}>
          {machine.name}
        </Anchor>
        <Text size="xs" c="var(--text-soft)" ff="monospace">
          {machine.address}
        </Text>
      </Table.Td>
      <Table.Td>
        <StateBadge look={machineLooks[machine.status]} />
        {machine.reason !== null && (
          <Text size="xs" c="var(--text-soft)" mt={4} maw={280}>
            {machine.reason}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {machine.project_id === null ? (
          <Text size="sm" c="var(--text-soft)">
            {t("time.none")}
          </Text>
        ) : (
          <Anchor component={Link} to={`/projects/${machine.project_id}`} size="sm">
            {[machine.owner, machine.role].filter(Boolean).join(" · ") || t("machines.project")}
          </Anchor>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm" c="var(--text-soft)">
          {machine.provider}
        </Text>
      </Table.Td>
      <Table.Td ta="right">
        {!past && <MachineActions machine={machine} />}
      </Table.Td>
    </Table.Tr>
  );
}

function matches(machine: Machine, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return [machine.name, machine.address, machine.owner, machine.role, machine.provider].some((field) =>
    (field ?? "").toLowerCase().includes(wanted),
  );
}
