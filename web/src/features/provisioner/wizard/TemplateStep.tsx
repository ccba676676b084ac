/** The templates as cards, of which one is chosen. */

import { Radio, SimpleGrid, Text } from "@mantine/core";
import { IconTemplate, IconUserCheck } from "@tabler/icons-react";

import type { Template } from "@/api/contract";
import { useSpeech, useT } from "@/shared/i18n/language";
import { roughDuration } from "@/shared/i18n/times";
import { EmptyState } from "@/shared/ui/EmptyState";

import { TemplateDrawing } from "./TemplateDrawing";
import classes from "./TemplateStep.module.css";

interface TemplateStepProps {
  templates: readonly Template[];
  chosen: string;
  onChoose: (id: string) => void;
}

export function TemplateStep({ templates, chosen, onChoose }: TemplateStepProps) {
  const t = useT();
  if (templates.length === 0) {
    return <EmptyState icon={IconTemplate} title={t("wizard.noTemplates")} body={t("wizard.noTemplatesBody")} />;
  }
  return (
    <Radio.Group value={chosen} onChange={onChoose} label={t("wizard.templateHint")} my="sm">
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} mt="sm" spacing="md">
        {templates.toSorted((one, other) => machinesOf(one) - machinesOf(other)).map((template) => (
          <TemplateCard key={template.id} template={template} />
        ))}
      </SimpleGrid>
    </Radio.Group>
  );
}

function TemplateCard({ template }: { template: Template }) {
  const { t, language } = useSpeech();
  const { typical_seconds: typical } = template;
  return (
    <Radio.Card value={template.id} className={classes.card ?? ""} aria-label={template.title}>
      <div className={classes.picture}>
        <TemplateDrawing roles={template.roles} />
      </div>
      <div className={classes.words}>
        <div className={classes.title}>
          <Text fw={620} size="md">
            {template.title}
          </Text>
          <Radio.Indicator size="xs" />
        </div>
        <Text size="sm" c="var(--text-soft)" lh={1.45}>
          {template.description}
        </Text>
        <Text size="xs" c="var(--text-soft)" mt="xs" fw={560}>
          {t("unit.machines", { count: machinesOf(template) })} · {t("wizard.takes", { count: template.steps.length })}
        </Text>
        {typical !== null && (
          <Text size="xs" c="var(--text-soft)">
            {t("progress.usually", { time: roughDuration(typical * 1000, language) })}
          </Text>
        )}
        {template.approval === "operator" && (
          <span className={classes.approval} data-tone="notice">
            <IconUserCheck size={14} aria-hidden />
            {t("wizard.approval")}
          </span>
        )}
      </div>
    </Radio.Card>
  );
}

function machinesOf(template: Template): number {
  return template.roles.reduce((sum, { count }) => sum + count, 0);
}
