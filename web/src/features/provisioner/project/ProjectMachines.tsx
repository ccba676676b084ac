/** The project's machines with their figures and the way to a shell. */

import { Anchor, Button, Table, Text } from "@mantine/core";
import { IconServerOff, IconTerminal2 } from "@tabler/icons-react";
import { Link } from "react-router";

import type { Project, ProjectMachine } from "@/api/contract";
import { Meter } from "@/features/monitor/Meter";
import { UpSign } from "@/features/monitor/UpSign";
import { useResources } from "@/features/monitor/queries";
import type { LabelKey } from "@/shared/i18n/catalogue";
import { useT } from "@/shared/i18n/language";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Panel } from "@/shared/ui/Panel";

interface ProjectMachinesProps {
  project: Project;
  /** Of the past there are no figures, and no way in. */
  past: boolean;
}

export function ProjectMachines({ project, past }: ProjectMachinesProps) {
  const t = useT();
  return (
    <Panel title={t("one.machines")} flush>
      {project.vms.length === 0 ? (
        <EmptyState icon={IconServerOff} title={t("one.noMachines")} body={t(whyNone(project))} />
      ) : (
        <Table.ScrollContainer minWidth={520}>
          <Table aria-label={t("one.machines")}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("machines.machine")}</Table.Th>
                <Table.Th w={90}>{t("machines.cpu")}</Table.Th>
                <Table.Th w={90}>{t("machines.memory")}</Table.Th>
                <Table.Th w={90}>{t("machines.disk")}</Table.Th>
                <Table.Th>
                  <span className="visually-hidden">{t("table.actions")}</span>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {project.vms.map((vm) => (
                <MachineRow key={vm.id} vm={vm} past={past} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Panel>
  );
}

function whyNone({ status, dry_run: dryRun }: Project): LabelKey {
  if (status === "requested" || status === "configuring") return "one.machinesCome";
  if (dryRun) return "one.machinesDry";
  return status === "failed" || status === "cancelled" ? "one.noMachinesBody" : "one.machinesGone";
}

/** A link, unless the machine is gone: it has no page any more. */
function MachineName({ vm: { id, name, lost_at: lostAt } }: { vm: ProjectMachine }) {
  if (lostAt !== null) {
    return (
      <Text span size="sm" fw={560}>
        {name}
      </Text>
    );
  }
  return (
    <Anchor component={Link} to={`/machines/${id}`} size="sm" fw={560}>
      {name}
    </Anchor>
  );
}

function MachineRow({ vm, past }: { vm: ProjectMachine; past: boolean }) {
  const t = useT();
  const now = useResources().data?.resources.find((one) => one.vm.id === vm.id);
  const figures = past ? undefined : now;
  return (
    <Table.Tr>
      <Table.Td>
        <MachineName vm={vm} />{" "}
        <Text span size="xs" c="var(--text-soft)">
          {vm.role}
        </Text>
        <Text size="xs" c="var(--text-soft)" ff="monospace">
          {vm.address} {vm.lost_at === null ? !past && <UpSign up={figures?.up ?? null} small /> : <b>{t("one.lostMachine")}</b>}
        </Text>
      </Table.Td>
      <Table.Td>
        <Meter label={t("machines.cpu")} percent={figures?.cpu_percent ?? null} />
      </Table.Td>
      <Table.Td>
        <Meter label={t("machines.memory")} percent={figures?.memory_percent ?? null} />
      </Table.Td>
      <Table.Td>
        <Meter label={t("machines.disk")} percent={figures?.disk_percent ?? null} />
      </Table.Td>
      <Table.Td ta="right">
        {!past && vm.lost_at === null && (
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
        )}
      </Table.Td>
    </Table.Tr>
  );
}
