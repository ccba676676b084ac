/** What went wrong, where it went wrong, with a way on. */

import { Button, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import { useSpeech } from "@/shared/i18n/language";

import { Callout } from "./Callout";
import { failuresOf, problemWords } from "./problem-words";

export function ProblemAlert({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { language, t } = useSpeech();
  const words = problemWords(error, language);
  const failures = failuresOf(error, language);
  return (
    <Callout tone="bad" icon={IconAlertTriangle} title={words.title} role="alert">
      {words.body !== "" && <Text size="sm">{words.body}</Text>}
      {failures.length > 0 && (
        <List size="sm" listStyleType="none" mt={4} style={{ overflowWrap: "anywhere" }}>
          {failures.map(([name, reason]) => (
            <List.Item key={name}>
              <b>{name}</b>: {reason}
            </List.Item>
          ))}
        </List>
      )}
      {onRetry !== undefined && (
        <Button size="xs" variant="default" mt="sm" onClick={onRetry}>
          {t("action.retry")}
        </Button>
      )}
    </Callout>
  );
}
