/** One request that waits for approval: who asks for what, what they hold already, what the pool has. */

import { Anchor, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "react-router";

import type { Project, Quota } from "@/api/contract";
import { usePool } from "@/features/inventory/queries";
import { poolSize } from "@/shared/ui/pool-scale";
import { useT } from "@/shared/i18n/language";
import { Ago } from "@/shared/ui/Ago";
import { Panel } from "@/shared/ui/Panel";

import { DryRunBadge } from "../DryRunBadge";
import { useOwnersQuota, useTemplates } from "../queries";
import { ApprovalButtons } from "./ApprovalButtons";
import classes from "./ApprovalCard.module.css";

export function ApprovalCard({ project }: { project: Project }) {
  const t = useT();
  const needed = useNeeded(project);
  const quota = useOwnersQuota(project.id).data;
  return (
    <Panel>
      <Group justify="space-between" align="flex-start" gap="sm">
        <div>
          <Group gap="xs">
            <Anchor component={Link} to={`/projects/${project.id}`} fw={600}>
              {project.name}
            </Anchor>
            {project.dry_run && <DryRunBadge />}
          </Group>
          <Text size="sm" c="var(--text-soft)">
            {project.owner} · {project.template} · <Ago time={project.created_at} />
          </Text>
          {project.packages.length > 0 && (
            <Text size="xs" c="var(--text-soft)" ff="monospace" mt={2}>
              {project.packages.join(" ")}
            </Text>
          )}
        </div>
        <Group gap="xs">
          <ApprovalButtons project={project} />
        </Group>
      </Group>
      <dl className={classes.figures}>
        <Figure name={t("approvals.needs")}>{needed === null ? t("time.none") : t("unit.machines", { count: needed })}</Figure>
        <PoolFigure needed={needed ?? 0} />
        <QuotaFigures owner={project.owner} needed={needed ?? 0} quota={quota} />
      </dl>
    </Panel>
  );
}

/** How many machines the request is for: what the service says, else what its template has. */
function useNeeded({ waiting_for: waiting, template }: Project): number | null {
  const roles = useTemplates().data?.templates.find(({ id }) => id === template)?.roles;
  return waiting?.needed ?? roles?.reduce((sum, { count }) => sum + count, 0) ?? null;
}

function PoolFigure({ needed }: { needed: number }) {
  const t = useT();
  const pool = usePool().data;
  const free = pool?.counts.available ?? 0;
  const note = pool !== undefined && free < needed ? t("approvals.poolShort", { count: needed - free }) : undefined;
  return (
    <Figure name={t("approvals.pool")} note={note}>
      {pool === undefined ? t("time.none") : t("approvals.poolFree", { free, total: poolSize(pool.counts) })}
    </Figure>
  );
}

function QuotaFigures({ owner, needed, quota }: { owner: string; needed: number; quota: Quota | undefined }) {
  const t = useT();
  const figure = (use: Quota["machines"] | undefined, name: string, more: number) => (
    <Figure name={name} note={use !== undefined && use.used + more > use.quota ? t("approvals.overQuota") : undefined}>
      {use === undefined ? t("time.none") : t("approvals.use", { used: use.used, quota: use.quota })}
    </Figure>
  );
  return (
    <>
      {figure(quota?.machines, t("approvals.machineQuota", { owner }), needed)}
      {figure(quota?.runs, t("approvals.runQuota", { owner }), 1)}
    </>
  );
}

function Figure({ name, note, children }: { name: string; note?: string | undefined; children: ReactNode }) {
  return (
    <div className={classes.figure}>
      <dt>{name}</dt>
      <dd className="figures">{children}</dd>
      {note !== undefined && <dd className={classes.note}>{note}</dd>}
    </div>
  );
}
