/** The operator's pool: every machine, its state, and what can be done with it. */

import { Button, Group, Stack, Text } from "@mantine/core";
import { IconFlask, IconGridDots, IconPlus } from "@tabler/icons-react";
import { useState } from "react";

import type { Pool } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Loading } from "@/shared/ui/Loading";
import { PageHeader } from "@/shared/ui/PageHeader";
import { Panel } from "@/shared/ui/Panel";
import { PoolCells, PoolLegend } from "@/shared/ui/PoolCells";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { AddMachineDialog } from "./AddMachineDialog";
import { ImportLabDialog } from "./ImportLabDialog";
import { PoolTable } from "./PoolTable";
import { usePool } from "./queries";

type Dialog = "add" | "import" | null;

export function PoolPage() {
  const t = useT();
  const pool = usePool();
  const [dialog, setDialog] = useState<Dialog>(null);
  return (
    <>
      <PageHeader
        title={t("pool.title")}
        under={pool.data !== undefined && <Summary pool={pool.data} />}
        actions={<PoolActions onOpen={setDialog} />}
      />
      {pool.isPending && <Loading rows={6} />}
      {pool.error !== null && <ProblemAlert error={pool.error} onRetry={() => void pool.refetch()} />}
      {pool.data !== undefined && <PoolContent pool={pool.data} onOpen={setDialog} />}
      {dialog === "add" && <AddMachineDialog onClose={() => setDialog(null)} />}
      {dialog === "import" && <ImportLabDialog onClose={() => setDialog(null)} />}
    </>
  );
}

function PoolActions({ onOpen }: { onOpen: (dialog: Dialog) => void }) {
  const t = useT();
  return (
    <>
      <Button variant="default" leftSection={<IconFlask size={16} />} onClick={() => onOpen("import")}>
        {t("pool.import")}
      </Button>
      <Button leftSection={<IconPlus size={16} />} onClick={() => onOpen("add")}>
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

function PoolContent({ pool, onOpen }: { pool: Pool; onOpen: (dialog: Dialog) => void }) {
  const t = useT();
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
    <Stack gap="md">
      <Panel>
        <Stack gap="md">
          <PoolCells machines={pool.vms} />
          <PoolLegend counts={pool.counts} />
        </Stack>
      </Panel>
      <PoolTable machines={pool.vms} />
    </Stack>
  );
}
