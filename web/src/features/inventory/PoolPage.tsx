/** The operator's pool, now or as it was: every machine, its state, and what can be done with it. */

import { Stack, Text } from "@mantine/core";
import { IconGridDots } from "@tabler/icons-react";

import type { PoolCounts } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Loading } from "@/shared/ui/Loading";
import { PageHeader } from "@/shared/ui/PageHeader";
import { Panel } from "@/shared/ui/Panel";
import { PastNotice } from "@/shared/ui/PastNotice";
import { poolSize } from "@/shared/ui/pool-scale";
import { PoolCells, PoolLegend } from "@/shared/ui/PoolCells";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";
import { useAt } from "@/shared/use-at";

import { AddMachines } from "./AddMachines";
import { PoliciesPanel } from "./policies/PoliciesPanel";
import { PoolTable } from "./PoolTable";
import { PoolTime } from "./PoolTime";
import { usePoolShown, type ShownMachine } from "./use-pool-shown";

export function PoolPage() {
  const t = useT();
  const [at, setAt] = useAt();
  const pool = usePoolShown(at);
  const shown = pool.data;
  return (
    <>
      <PageHeader
        title={t("pool.title")}
        under={shown !== undefined && <Summary counts={shown.counts} />}
        actions={<AddMachines disabled={at !== null} />}
      />
      <Stack gap="md">
        <PoolTime at={at} onAt={setAt} />
        {at !== null && <PastNotice at={at} existed={shown?.machines.length !== 0} onNow={() => setAt(null)} />}
        {shown === undefined && pool.error === null && <Loading rows={6} />}
        {pool.error !== null && <ProblemAlert error={pool.error} onRetry={pool.refetch} />}
        {shown !== undefined && <PoolContent {...shown} past={at !== null} />}
        {at === null && <PoliciesPanel />}
      </Stack>
    </>
  );
}

function Summary({ counts }: { counts: PoolCounts }) {
  const t = useT();
  return (
    <Text size="sm" c="var(--text-soft)" className="figures">
      {t("pool.summary", { free: counts.available ?? 0, total: poolSize(counts) })}
    </Text>
  );
}

interface PoolContentProps {
  counts: PoolCounts;
  machines: readonly ShownMachine[];
  coming: boolean;
  past: boolean;
}

function PoolContent({ counts, machines, coming, past }: PoolContentProps) {
  const t = useT();
  if (machines.length === 0 && past) return null;
  if (machines.length === 0) {
    return (
      <Panel>
        <EmptyState icon={IconGridDots} title={t("pool.empty")} body={t("pool.emptyBody")} action={<AddMachines />} />
      </Panel>
    );
  }
  return (
    <>
      <Panel>
        <Stack gap="md">
          <PoolCells machines={machines} counts={counts} />
          <PoolLegend counts={counts} />
        </Stack>
      </Panel>
      <PoolTable machines={machines} coming={coming} past={past} />
    </>
  );
}
