/** The key that machines trust: by its certificates the platform is let in without anything being stored. */

import { Stack, Text } from "@mantine/core";

import { useT } from "@/shared/i18n/language";
import { CopyField } from "@/shared/ui/CopyField";
import { Loading } from "@/shared/ui/Loading";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { useAuthorities } from "./queries";

export function AuthorityPanel() {
  const t = useT();
  return (
    <Panel title={t("settings.authority")}>
      <Stack gap="sm">
        <Text size="sm" c="var(--text-soft)">
          {t("settings.authorityHint")}
        </Text>
        <AuthorityKey />
      </Stack>
    </Panel>
  );
}

function AuthorityKey() {
  const t = useT();
  const keys = useAuthorities();
  if (keys.isPending) return <Loading rows={1} />;
  if (keys.data === undefined) return <ProblemAlert error={keys.error} onRetry={() => void keys.refetch()} />;
  return <CopyField label={t("settings.authorityKey")} text={keys.data} />;
}
