/** One policy: what it keeps, what is there of it, and why it cannot at the moment. */

import { ActionIcon, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconPencil, IconTrash } from "@tabler/icons-react";

import type { Policy } from "@/api/contract";
import { useSpeech, useT } from "@/shared/i18n/language";
import { dateTime } from "@/shared/i18n/times";
import { Callout } from "@/shared/ui/Callout";
import { reasonWords } from "@/shared/ui/problem-words";

import { LabelBadges } from "../Labels";
import classes from "./PolicyCard.module.css";
import { standing } from "./standing";

interface PolicyCardProps {
  policy: Policy;
  onChange: () => void;
  onRemove: () => void;
}

export function PolicyCard({ policy, onChange, onRemove }: PolicyCardProps) {
  const t = useT();
  return (
    <article className={classes.card} aria-label={policy.name}>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <div>
            <Text fw={600} size="sm">
              {policy.name}
            </Text>
            <Text size="xs" c="var(--text-soft)">
              {policy.provider}
            </Text>
          </div>
          <Group gap={2} wrap="nowrap">
            <ActionIcon variant="subtle" color="gray" onClick={onChange} aria-label={t("policy.changeOf", { name: policy.name })}>
              <IconPencil size={16} />
            </ActionIcon>
            <ActionIcon variant="subtle" color="red" onClick={onRemove} aria-label={t("policy.removeOf", { name: policy.name })}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        </Group>
        <LabelBadges labels={policy.labels} />
        <Standing policy={policy} />
        {policy.failures > 0 && <Failing policy={policy} />}
      </Stack>
    </article>
  );
}

function Standing({ policy }: { policy: Policy }) {
  const t = useT();
  const { tone, ready, coming } = standing(policy);
  return (
    <>
      <div className={classes.bar} data-tone={tone} aria-hidden>
        <span className={classes.ready} style={{ width: `${ready}%` }} />
        <span className={classes.coming} style={{ width: `${coming}%` }} />
        <span className={classes.minimum} style={{ left: `${policy.maximum === 0 ? 0 : (100 * policy.minimum_ready) / policy.maximum}%` }} />
      </div>
      <Text size="sm" className="figures">
        {t("policy.ready", { ready: policy.ready, minimum: policy.minimum_ready })}
        {policy.coming > 0 && ` · ${t("policy.coming", { count: policy.coming })}`}
      </Text>
      <Text size="xs" c="var(--text-soft)" className="figures">
        {t("policy.total", { total: policy.total, maximum: policy.maximum })}
      </Text>
    </>
  );
}

function Failing({ policy }: { policy: Policy }) {
  const { t, language } = useSpeech();
  return (
    <Callout
      tone={policy.suspended ? "bad" : "notice"}
      icon={IconAlertTriangle}
      role="status"
      title={policy.suspended ? t("policy.suspended") : t("policy.failing", { count: policy.failures })}
    >
      {policy.last_failure !== null && (
        <Text size="xs" style={{ overflowWrap: "anywhere" }}>
          {reasonWords(policy.last_failure, policy.causes, language)}
        </Text>
      )}
      {policy.retry_at !== null && (
        <Text size="xs" c="var(--text-soft)">
          {t("policy.retry", { time: dateTime(policy.retry_at, language) })}
        </Text>
      )}
    </Callout>
  );
}
