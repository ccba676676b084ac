/** The pool at a glance, for the dashboard. */

import { Skeleton, Stack, Text } from "@mantine/core";

import { useT } from "@/shared/i18n/language";
import { Panel } from "@/shared/ui/Panel";
import { PoolCells, PoolLegend } from "@/shared/ui/PoolCells";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { usePool } from "./queries";

export function PoolPanel() {
  const t = useT();
  const pool = usePool();
  const total = pool.data?.vms.length ?? 0;
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
          <PoolCells machines={pool.data.vms} />
          <PoolLegend counts={pool.data.counts} />
        </Stack>
      )}
    </Panel>
  );
}
