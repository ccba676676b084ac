/** The operator's pool, now or as it was: every machine, its state, and what can be done with it. */

import { Button, Group, Stack, Text } from "@mantine/core";
import { IconFlask, IconGridDots, IconPlus } from "@tabler/icons-react";
import { useState } from "react";

import type { Pool } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Loading } from "@/shared/ui/Loading";
import { PageHeader } from "@/shared/ui/PageHeader";
import { Panel } from "@/shared/ui/Panel";
import { PastNotice } from "@/shared/ui/PastNotice";
import { PoolCells, PoolLegend } from "@/shared/ui/PoolCells";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";
import { useAt } from "@/shared/use-at";

import { AddMachineDialog } from "./AddMachineDialog";
import { ImportLabDialog } from "./ImportLabDialog";
import { PoolTable } from "./PoolTable";
import { PoolTime } from "./PoolTime";
import { usePastPool, usePool } from "./queries";

type Dialog = "add" | "import" | null;

export function PoolPage() {
  const t = useT();
  const [at, setAt] = useAt();
  const [now, past] = [usePool(), usePastPool(at)];
  const pool = at === null ? now : past;
  const [dialog, setDialog] = useState<Dialog>(null);
  return (
    <>
      <PageHeader
        title={t("pool.title")}
        under={pool.data !== undefined && <Summary pool={pool.data} />}
        actions={<PoolActions onOpen={setDialog} disabled={at !== null} />}
      />
      <Stack gap="md">
        <PoolTime at={at} onAt={setAt} />
        {at !== null && <PastNotice at={at} existed={past.data?.vms.length !== 0} onNow={() => setAt(null)} />}
        {pool.isPending && <Loading rows={6} />}
        {pool.error !== null && <ProblemAlert error={pool.error} onRetry={() => void pool.refetch()} />}
        {pool.data !== undefined && <PoolContent pool={pool.data} past={at !== null} onOpen={setDialog} />}
      </Stack>
      {dialog === "add" && <AddMachineDialog onClose={() => setDialog(null)} />}
      {dialog === "import" && <ImportLabDialog onClose={() => setDialog(null)} />}
    </>
  );
}

interface PoolActionsProps {
  onOpen: (dialog: Dialog) => void;
  /** While the past is looked at. */
  disabled?: boolean;
}

function PoolActions({ onOpen, disabled = false }: PoolActionsProps) {
  const t = useT();
  return (
    <>
      <Button variant="default" disabled={disabled} leftSection={<IconFlask size={16} />} onClick={() => onOpen("import")}>
        {t("pool.import")}
      </Button>
      <Button disabled={disabled} leftSection={<IconPlus size={16} />} onClick={() => onOpen("add")}>
        {t("pool.add")}
      </Button>
    </>
  );
}

function Summary({ pool }: { pool: Pool }) {
  const t = useT();
  return (
    <Text size="sm" c="var(--text-soft)" className="figures">
      {t("pool.summary", { free: pool.counts.available ?? 0, total: pool.vms.length })}
    </Text>
  );
}

function PoolContent({ pool, past, onOpen }: { pool: Pool; past: boolean; onOpen: (dialog: Dialog) => void }) {
  const t = useT();
  if (pool.vms.length === 0 && past) return null;
  if (pool.vms.length === 0) {
    return (
      <Panel>
        <EmptyState
          icon={IconGridDots}
          title={t("pool.empty")}
          body={t("pool.emptyBody")}
          action={
            <Group gap="xs">
              <PoolActions onOpen={onOpen} />
            </Group>
          }
        />
      </Panel>
    );
  }
  return (
    <>
      <Panel>
        <Stack gap="md">
          <PoolCells machines={pool.vms} />
          <PoolLegend counts={pool.counts} />
        </Stack>
      </Panel>
      <PoolTable machines={pool.vms} past={past} />
    </>
  );
}
