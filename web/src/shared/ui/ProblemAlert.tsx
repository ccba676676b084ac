/** What went wrong, where it went wrong, with a way on. */

import { Button, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import { useSpeech } from "@/shared/i18n/language";

import { Callout } from "./Callout";
import { problemWords } from "./problem-words";

export function ProblemAlert({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { language, t } = useSpeech();
  const words = problemWords(error, language);
  return (
    <Callout tone="bad" icon={IconAlertTriangle} title={words.title} role="alert">
      {words.body !== "" && <Text size="sm">{words.body}</Text>}
      {onRetry !== undefined && (
        <Button size="xs" variant="default" mt="sm" onClick={onRetry}>
          {t("action.retry")}
        </Button>
      )}
    </Callout>
  );
}
