/** One machine: what it is, how it is, and how it was for an hour, a day or a week. */

import { Anchor, Button, Group, SegmentedControl, SimpleGrid, Stack } from "@mantine/core";
import { IconTerminal2 } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useParams } from "react-router";

import { NotFoundPage } from "@/app/NotFoundPage";
import type { MachineResources, Span } from "@/api/contract";
import { MachineUpkeep } from "@/features/inventory/MachineUpkeep";
import { useT } from "@/shared/i18n/language";
import { useIsOperator } from "@/shared/session";
import { Ago } from "@/shared/ui/Ago";
import { Loading } from "@/shared/ui/Loading";
import { PageHeader } from "@/shared/ui/PageHeader";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";
import { StateBadge } from "@/shared/ui/StateBadge";
import { machineLooks } from "@/shared/ui/states";

import { HistoryChart } from "./HistoryChart";
import { useMachineHistory, useResources } from "./queries";
import { UpSign } from "./UpSign";

export function MachinePage() {
  const { id = "" } = useParams();
  const resources = useResources();
  if (resources.error !== null) return <ProblemAlert error={resources.error} onRetry={() => void resources.refetch()} />;
  if (resources.isPending) return <Loading rows={6} height={40} />;
  const machine = resources.data.resources.find(({ vm }) => vm.id === id);
  return machine === undefined ? <NotFoundPage /> : <MachineView machine={machine} />;
}

function MachineView({ machine }: { machine: MachineResources }) {
  const t = useT();
  const operator = useIsOperator();
  const { vm } = machine;
  return (
    <>
      <PageHeader
        title={vm.name}
        beside={<StateBadge look={machineLooks[vm.status]} />}
        under={<Facts machine={machine} />}
        actions={
          <Button component={Link} to={`/terminal/${vm.id}`} target="_blank" leftSection={<IconTerminal2 size={16} />}>
            {t("one.terminal")}
          </Button>
        }
      />
      <Stack gap="md">
        {operator && <MachineUpkeep id={vm.id} />}
        <Charts id={vm.id} />
      </Stack>
    </>
  );
}

function Facts({ machine: { vm, up, sampled_at } }: { machine: MachineResources }) {
  const t = useT();
  return (
    <Group gap={8} c="var(--text-soft)" fz="sm">
      <UpSign up={up} />
      <code>{vm.address}</code>
      {vm.project_id !== null && (
        <Anchor component={Link} to={`/projects/${vm.project_id}`} size="sm">
          {t("machines.project")}: {vm.owner}
        </Anchor>
      )}
      {sampled_at !== null && <Ago time={sampled_at} />}
    </Group>
  );
}

function Charts({ id }: { id: string }) {
  const t = useT();
  const [range, setRange] = useState<Span>("1h");
  const history = useMachineHistory(id, range);
  const series = history.data?.series;
  return (
    <Stack gap="md">
      <SegmentedControl
        value={range}
        onChange={(chosen) => setRange(chosen)}
        aria-label={t("machine.range")}
        data={(["1h", "24h", "7d"] as const).map((span) => ({ value: span, label: t(`machine.${span}`) }))}
        style={{ alignSelf: "flex-start" }}
      />
      {history.error !== null && <ProblemAlert error={history.error} onRetry={() => void history.refetch()} />}
      {history.isPending && <Loading rows={3} height={120} />}
      {series !== undefined && (
        <SimpleGrid cols={{ base: 1, lg: 3 }} spacing="md">
          {(["cpu", "memory", "disk"] as const).map((metric) => (
            <Panel key={metric} title={t(`machines.${metric}`)}>
              <HistoryChart metric={t(`machines.${metric}`)} range={range} points={series[`${metric}_percent`]} />
            </Panel>
          ))}
        </SimpleGrid>
      )}
    </Stack>
  );
}
