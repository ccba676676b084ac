/** Says that a screen shows a moment of the past, in which nothing can be done, and leads back to now. */

import { Button, Group } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";

import { useSpeech } from "@/shared/i18n/language";
import { dateTime } from "@/shared/i18n/times";

import { Callout } from "./Callout";

interface PastNoticeProps {
  at: number;
  /** Whether there was anything at that time. */
  existed: boolean;
  onNow: () => void;
}

export function PastNotice({ at, existed, onNow }: PastNoticeProps) {
  const { t, language } = useSpeech();
  const time = dateTime(at, language);
  return (
    <Callout tone="held" icon={IconHistory} title={t("past.title", { time })} role="status">
      <Group justify="space-between" gap="xs">
        <span>{t(existed ? "past.body" : "past.nothing")}</span>
        <Button size="xs" variant="default" onClick={onNow}>
          {t("past.back")}
        </Button>
      </Group>
    </Callout>
  );
}
