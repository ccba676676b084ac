/** Deletes everything but the accounts, after the word RESET and the operator's password. */

import { Button, Group, PasswordInput, Text } from "@mantine/core";
import { useState } from "react";

import { useT } from "@/shared/i18n/language";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { noticeDone } from "@/shared/ui/notices";
import { Panel } from "@/shared/ui/Panel";

import { useFactoryReset } from "./queries";

export function FactoryReset() {
  const t = useT();
  const [asking, setAsking] = useState(false);
  return (
    <Panel title={t("settings.danger")} tone="bad">
      <Group justify="space-between" gap="md">
        <div style={{ flex: "1 1 320px" }}>
          <Text size="sm" fw={570}>
            {t("settings.reset")}
          </Text>
          <Text size="sm" c="var(--text-soft)">
            {t("settings.resetHint")}
          </Text>
        </div>
        <Button variant="default" className="danger" onClick={() => setAsking(true)}>
          {t("settings.resetOpen")}
        </Button>
      </Group>
      {asking && <ResetDialog onClose={() => setAsking(false)} />}
    </Panel>
  );
}

function ResetDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const [password, setPassword] = useState("");
  const reset = useFactoryReset();
  return (
    <ConfirmDialog
      title={t("settings.resetTitle")}
      body={t("settings.resetHint")}
      action={t("settings.resetSubmit")}
      word="RESET"
      destructive
      ready={password !== ""}
      pending={reset.isPending}
      error={reset.error}
      onConfirm={() =>
        reset.mutate(password, {
          onSuccess: ({ backup }) => {
            noticeDone(t("settings.resetDone", { backup: backup ?? "–" }));
            onClose();
          },
        })
      }
      onClose={onClose}
    >
      <PasswordInput
        label={t("settings.resetPassword")}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="current-password"
      />
    </ConfirmDialog>
  );
}
