/** The machines of the pool as a table, narrowed by state or by text. Of many only what is in sight is drawn. */

import { Anchor, Group, SegmentedControl, Table, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useMemo, useRef, useState, type Ref } from "react";
import { Link } from "react-router";

import { useSpeech, useT } from "@/shared/i18n/language";
import { Panel } from "@/shared/ui/Panel";
import { reasonWords } from "@/shared/ui/problem-words";
import { StateBadge } from "@/shared/ui/StateBadge";
import { machineLooks, poolOrder } from "@/shared/ui/states";

import { DriftBadges } from "./Drift";
import { LabelBadges } from "./Labels";
import { labelWords } from "./label-words";
import { MachineActions } from "./MachineActions";
import classes from "./PoolTable.module.css";
import type { ShownMachine } from "./use-pool-shown";

const ROW_HEIGHT = 58;

interface PoolTableProps {
  machines: readonly ShownMachine[];
  /** Whether there are more that are on their way. */
  coming: boolean;
  /** As they were: nothing can be done with them. */
  past: boolean;
}

export function PoolTable({ machines, coming, past }: PoolTableProps) {
  const t = useT();
  const [status, setStatus] = useState("all");
  const [text, setText] = useState("");
  const wanted = useDeferredValue(text);
  const present = useMemo(() => {
    const there = new Set(machines.map((machine) => machine.status));
    return poolOrder.filter((one) => there.has(one));
  }, [machines]);
  const shown = useMemo(
    () => machines.filter((machine) => (status === "all" || machine.status === status) && matches(machine, wanted)),
    [machines, status, wanted],
  );
  return (
    <Panel flush>
      <Group p="sm" gap="sm">
        <SegmentedControl
          size="xs"
          value={status}
          onChange={setStatus}
          aria-label={t("pool.status")}
          style={{ maxWidth: "100%", overflowX: "auto" }}
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
      {shown.length > 0 && <Rows machines={shown} past={past} />}
      {shown.length === 0 && (
        <Text size="sm" c="var(--text-soft)" p="md">
          {t("table.noMatch")}
        </Text>
      )}
      {coming && (
        <Text size="xs" c="var(--text-soft)" p="sm" role="status">
          {t("pool.coming", { count: machines.length })}
        </Text>
      )}
    </Panel>
  );
}

function Rows({ machines, past }: { machines: readonly ShownMachine[]; past: boolean }) {
  const t = useT();
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions stay in this component
  const rows = useVirtualizer({
    count: machines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    getItemKey: (index) => machines[index]?.id ?? index,
  });
  const drawn = rows.getVirtualItems();
  const above = drawn[0]?.start ?? 0;
  const below = rows.getTotalSize() - (drawn.at(-1)?.end ?? 0);
  return (
    // A list that scrolls in itself has to be reached by the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div ref={scroller} className={classes.scroll} role="region" aria-label={t("pool.title")} tabIndex={0}>
      <Table highlightOnHover miw={760} aria-label={t("pool.title")} aria-rowcount={machines.length + 1}>
        <Table.Thead>
          <Table.Tr aria-rowindex={1}>
            <Table.Th>{t("pool.machine")}</Table.Th>
            <Table.Th>{t("pool.status")}</Table.Th>
            <Table.Th>{t("pool.owner")}</Table.Th>
            <Table.Th>{t("pool.where")}</Table.Th>
            <Table.Th>
              <span className="visually-hidden">{t("table.actions")}</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Gap height={above} />
          {drawn.map(({ index, key }) => {
            const machine = machines[index];
            return machine && <PoolRow key={key} ref={rows.measureElement} index={index} machine={machine} past={past} />;
          })}
          <Gap height={below} />
        </Table.Tbody>
      </Table>
    </div>
  );
}

/** The room of the rows that are not drawn. */
function Gap({ height }: { height: number }) {
  return (
    height > 0 && (
      <tr aria-hidden>
        <td colSpan={5} style={{ height, padding: 0 }} />
      </tr>
    )
  );
}

interface PoolRowProps {
  ref: Ref<HTMLTableRowElement>;
  index: number;
  machine: ShownMachine;
  past: boolean;
}

function PoolRow({ ref, index, machine, past }: PoolRowProps) {
  const { t, language } = useSpeech();
  return (
    <Table.Tr ref={ref} data-index={index} aria-rowindex={index + 2}>
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
            {reasonWords(machine.reason, machine.causes, language)}
          </Text>
        )}
        <DriftBadges drift={machine.drift} />
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
          {[machine.provider, machine.placement].filter(Boolean).join(" · ")}
        </Text>
        <LabelBadges labels={machine.labels} />
      </Table.Td>
      <Table.Td ta="right">
        {!past && <MachineActions machine={machine} />}
      </Table.Td>
    </Table.Tr>
  );
}

function matches(machine: ShownMachine, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return [machine.name, machine.address, machine.owner, machine.role, machine.provider, machine.placement, ...labelWords(machine.labels)].some(
    (field) => (field ?? "").toLowerCase().includes(wanted),
  );
}
