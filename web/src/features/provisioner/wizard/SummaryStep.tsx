/** What will be made of what, and what stands in its way: approval, quota, the pool. */

import { Badge, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconGauge, IconUserCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";

import type { Template } from "@/api/contract";
import { useFreeMachines, useMaintenance } from "@/features/inventory/queries";
import { useT } from "@/shared/i18n/language";
import { useIsOperator } from "@/shared/session";
import { Callout } from "@/shared/ui/Callout";
import { Panel } from "@/shared/ui/Panel";

import { useOwnQuota, type NewProject } from "../queries";
import { leaseWords } from "./lease";
import classes from "./SummaryStep.module.css";
import { TemplateDrawing } from "./TemplateDrawing";

export function SummaryStep({ form, template }: { form: NewProject; template: Template }) {
  const t = useT();
  const needed = template.roles.reduce((sum, { count }) => sum + count, 0);
  return (
    <Stack gap="md" mb="md">
      <Panel>
        <div className={classes.summary}>
          <dl className={classes.facts}>
            <Fact name={t("wizard.name")}>{form.name}</Fact>
            <Fact name={t("wizard.template")}>{template.title}</Fact>
            <Fact name={t("wizard.packages")}>
              <Packages names={form.packages} />
            </Fact>
            {template.variables
              .filter(({ name }) => (form.variables[name] ?? "") !== "")
              .map(({ name, description }) => (
                <Fact key={name} name={description}>
                  {form.variables[name]}
                </Fact>
              ))}
            {form.dry_run ? (
              <Fact name={t("wizard.mode")}>{t("wizard.dryRun")}</Fact>
            ) : (
              <Fact name={t("wizard.lease")}>{leaseWords(form.lease_days, t)}</Fact>
            )}
            <Fact name={t("wizard.needs")}>{t("unit.machines", { count: needed })}</Fact>
          </dl>
          <TemplateDrawing roles={template.roles} />
        </div>
      </Panel>
      <Approval template={template} dryRun={form.dry_run} />
      <QuotaNotice needed={needed} waits={form.wait} />
      <Capacity needed={needed} waits={form.wait} />
    </Stack>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Packages({ names }: { names: readonly string[] }) {
  const t = useT();
  if (names.length === 0) return <Text c="var(--text-soft)" size="sm">{t("wizard.none")}</Text>;
  return (
    <Group gap={5}>
      {names.map((name) => (
        <Badge key={name} variant="default" tt="none" fw={500} ff="monospace" radius="sm">
          {name}
        </Badge>
      ))}
    </Group>
  );
}

/** Operators need nobody's approval, and a dry run, which keeps nothing, needs none either. */
function Approval({ template, dryRun }: { template: Template; dryRun: boolean }) {
  const t = useT();
  const operator = useIsOperator();
  if (template.approval === "none" || dryRun || operator) return null;
  return (
    <Callout tone="notice" icon={IconUserCheck} title={t("wizard.approval")}>
      {t("wizard.approvalHint")}
    </Callout>
  );
}

interface GateProps {
  needed: number;
  waits: boolean;
}

/** Silent as long as the quota suffices. */
function QuotaNotice({ needed, waits }: GateProps) {
  const t = useT();
  const quota = useOwnQuota().data;
  if (quota === undefined) return null;
  const { machines, runs } = quota;
  const tooMany = machines.used + needed > machines.quota;
  if (!tooMany && runs.used < runs.quota) return null;
  const title = tooMany ? t("wizard.quotaTitle", machines) : t("wizard.quotaRuns", runs);
  return (
    <Callout tone="notice" icon={IconGauge} title={title} role="status">
      {t(waits ? "wizard.quotaWaits" : "wizard.quotaShort")}
    </Callout>
  );
}

function Capacity({ needed, waits }: GateProps) {
  const t = useT();
  const free = useFreeMachines();
  const maintenance = useMaintenance();
  // The banner at the top already says that nothing starts now.
  if (free === null || maintenance) return null;
  const enough = free >= needed;
  return (
    <Callout
      tone={enough ? "ok" : "notice"}
      icon={enough ? IconCircleCheck : IconAlertTriangle}
      title={`${t("wizard.free")}: ${t("unit.machines", { count: free })}`}
      role="status"
    >
      {enough ? t("wizard.enough") : t(waits ? "wizard.shortWaits" : "wizard.short", { count: needed - free })}
    </Callout>
  );
}
