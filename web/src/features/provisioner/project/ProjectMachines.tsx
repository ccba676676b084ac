/** The project's machines with their figures and the way to a shell. */

import { Anchor, Button, Table, Text } from "@mantine/core";
import { IconServerOff, IconTerminal2 } from "@tabler/icons-react";
import { Link } from "react-router";

import type { Project, ProjectMachine } from "@/api/contract";
import { Meter } from "@/features/monitor/Meter";
import { UpSign } from "@/features/monitor/UpSign";
import { useResources } from "@/features/monitor/queries";
import { useT } from "@/shared/i18n/language";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Panel } from "@/shared/ui/Panel";

export function ProjectMachines({ project }: { project: Project }) {
  const t = useT();
  return (
    <Panel title={t("one.machines")} flush>
      {project.vms.length === 0 ? (
        <EmptyState icon={IconServerOff} title={t("one.noMachines")} body={t("one.noMachinesBody")} />
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
                <MachineRow key={vm.id} vm={vm} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Panel>
  );
}

function MachineRow({ vm }: { vm: ProjectMachine }) {
  const t = useT();
  const figures = useResources().data?.resources.find((one) => one.vm.id === vm.id);
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} to={`/machines/${vm.id}`} size="sm" fw={560}>
          {vm.name}
        </Anchor>{" "}
        <Text span size="xs" c="var(--text-soft)">
          {vm.role}
        </Text>
        <Text size="xs" c="var(--text-soft)" ff="monospace">
          {vm.address} <UpSign up={figures?.up ?? null} small />
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
