/** What will be made of what, and whether the pool has enough for it. */

import { Badge, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";

import type { Template } from "@/api/contract";
import { useFreeMachines, useMaintenance } from "@/features/inventory/queries";
import { useT } from "@/shared/i18n/language";
import { Callout } from "@/shared/ui/Callout";
import { Panel } from "@/shared/ui/Panel";

import type { NewProject } from "../queries";
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
            <Fact name={t("wizard.lease")}>{leaseWords(form.lease_days, t)}</Fact>
            <Fact name={t("wizard.needs")}>{t("unit.machines", { count: needed })}</Fact>
          </dl>
          <TemplateDrawing roles={template.roles} />
        </div>
      </Panel>
      <Capacity needed={needed} />
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

function Capacity({ needed }: { needed: number }) {
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
      {enough ? t("wizard.enough") : t("wizard.short", { count: needed - free })}
    </Callout>
  );
}
