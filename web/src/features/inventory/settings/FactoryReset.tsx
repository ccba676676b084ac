/** Deletes everything but the accounts, after the word RESET and the operator's password. */

import { Button, Group, PasswordInput, Radio, Stack, Text } from "@mantine/core";
import { IconRestore } from "@tabler/icons-react";
import { useState } from "react";

import { useT } from "@/shared/i18n/language";
import { Callout } from "@/shared/ui/Callout";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { CopyField } from "@/shared/ui/CopyField";
import { Panel } from "@/shared/ui/Panel";

import { useFactoryReset, type ResetOrder } from "./queries";

export function FactoryReset() {
  const t = useT();
  const [asking, setAsking] = useState(false);
  const reset = useFactoryReset();
  return (
    <Panel title={t("settings.danger")} tone="bad">
      <Stack gap="md">
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
        {reset.data !== undefined && <Begun backup={reset.data.backup} />}
      </Stack>
      {asking && <ResetDialog reset={reset} onClose={() => setAsking(false)} />}
    </Panel>
  );
}

/** Stays on the screen: where the backup is should not have to be read within seconds. */
function Begun({ backup }: { backup: string | null }) {
  const t = useT();
  return (
    <Callout tone="ok" icon={IconRestore} role="status" title={t("settings.resetBegun")}>
      <Text size="sm" mb={backup === null ? 0 : "xs"}>
        {t(backup === null ? "settings.resetNoBackup" : "settings.resetBackup")}
      </Text>
      {backup !== null && <CopyField label={t("settings.resetBackupFile")} text={backup} />}
    </Callout>
  );
}

interface ResetDialogProps {
  reset: ReturnType<typeof useFactoryReset>;
  onClose: () => void;
}

function ResetDialog({ reset, onClose }: ResetDialogProps) {
  const t = useT();
  const [password, setPassword] = useState("");
  const [machines, setMachines] = useState<ResetOrder["machines"]>("recycle");
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
      onConfirm={() => reset.mutate({ password, machines }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Radio.Group
        label={t("settings.resetMachines")}
        value={machines}
        onChange={(value) => setMachines(value === "forget" ? "forget" : "recycle")}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="recycle" label={t("settings.resetRecycle")} description={t("settings.resetRecycleHint")} />
          <Radio value="forget" label={t("settings.resetForget")} description={t("settings.resetForgetHint")} />
        </Stack>
      </Radio.Group>
      <PasswordInput
        label={t("settings.resetPassword")}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="current-password"
      />
    </ConfirmDialog>
  );
}
