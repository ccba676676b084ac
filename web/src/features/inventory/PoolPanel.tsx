/** The pool at a glance, for the dashboard. */

import { Skeleton, Stack, Text } from "@mantine/core";

import { useT } from "@/shared/i18n/language";
import { Panel } from "@/shared/ui/Panel";
import { CELLS_AT_MOST, poolSize } from "@/shared/ui/pool-scale";
import { PoolCells, PoolLegend } from "@/shared/ui/PoolCells";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { usePool, usePoolMachines } from "./queries";

export function PoolPanel() {
  const t = useT();
  const pool = usePool();
  const total = poolSize(pool.data?.counts ?? {});
  // A large pool is shown by its counts alone.
  const machines = usePoolMachines({ enabled: total > 0 && total <= CELLS_AT_MOST });
  return (
    <Panel
      title={t("pool.glance")}
      aside={
        pool.data !== undefined && (
          <Text size="sm" c="var(--text-soft)" className="figures">
            {t("pool.summary", { free: pool.data.counts.available ?? 0, total })}
          </Text>
        )
      }
    >
      {pool.isPending && <Skeleton height={30} width={260} />}
      {pool.error !== null && <ProblemAlert error={pool.error} onRetry={() => void pool.refetch()} />}
      {pool.data !== undefined && total === 0 && (
        <Text size="sm" c="var(--text-soft)">
          {t("pool.empty")}
        </Text>
      )}
      {pool.data !== undefined && total > 0 && (
        <Stack gap="md">
          <PoolCells machines={machines.data?.pages.flatMap(({ vms }) => vms) ?? []} counts={pool.data.counts} />
          <PoolLegend counts={pool.data.counts} />
        </Stack>
      )}
    </Panel>
  );
}
