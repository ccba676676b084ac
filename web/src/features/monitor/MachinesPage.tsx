/** Machines with their figures, to filter and to sort: one's own, for an operator all. */

import { Box, Button, Group, Text, TextInput } from "@mantine/core";
import { IconPlugConnectedX, IconPlus, IconSearch, IconServer } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import type { MachineResources } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { Callout } from "@/shared/ui/Callout";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Loading } from "@/shared/ui/Loading";
import { PageHeader } from "@/shared/ui/PageHeader";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { MachineTable } from "./MachineTable";
import { useResources } from "./queries";

export function MachinesPage() {
  const t = useT();
  const resources = useResources();
  return (
    <>
      <PageHeader title={t("machines.title")} />
      {resources.isPending && <Loading rows={6} height={26} />}
      {resources.error !== null && <ProblemAlert error={resources.error} onRetry={() => void resources.refetch()} />}
      {resources.data?.prometheus === "down" && (
        <Box mb="md">
          <Callout tone="notice" icon={IconPlugConnectedX} title={t("machines.prometheusDown")} role="status">
            {t("machines.prometheusDownBody")}
          </Callout>
        </Box>
      )}
      {resources.data !== undefined && (
        <Panel flush>
          {resources.data.resources.length === 0 ? <NoMachines /> : <Machines machines={resources.data.resources} />}
        </Panel>
      )}
    </>
  );
}

function Machines({ machines }: { machines: readonly MachineResources[] }) {
  const t = useT();
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const shown = machines.filter(({ vm }) =>
    [vm.name, vm.address, vm.owner, t(`machine.${vm.status}`)].some((field) => (field ?? "").toLowerCase().includes(wanted)),
  );
  return (
    <>
      <Group p="sm" justify="space-between">
        <TextInput
          size="xs"
          w={280}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder={t("machines.filter")}
          aria-label={t("machines.filter")}
          leftSection={<IconSearch size={14} aria-hidden />}
        />
        <Text size="xs" c="var(--text-soft)" className="figures" role="status">
          {t("unit.machines", { count: shown.length })}
        </Text>
      </Group>
      <MachineTable machines={shown} />
      {shown.length === 0 && (
        <Text size="sm" c="var(--text-soft)" p="md">
          {t("table.noMatch")}
        </Text>
      )}
    </>
  );
}

function NoMachines() {
  const t = useT();
  return (
    <EmptyState
      icon={IconServer}
      title={t("machines.empty")}
      body={t("machines.emptyBody")}
      action={
        <Button component={Link} to="/projects/new" leftSection={<IconPlus size={16} />}>
          {t("projects.new")}
        </Button>
      }
    />
  );
}
