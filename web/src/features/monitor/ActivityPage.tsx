/** Everything that the reader may know of: who did what, to what, when. */

import { Button, Group, Select, Text, TextInput } from "@mantine/core";
import { IconActivity, IconSearch } from "@tabler/icons-react";
import { useState } from "react";

import { useT } from "@/shared/i18n/language";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Loading } from "@/shared/ui/Loading";
import { PageHeader } from "@/shared/ui/PageHeader";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { EventList } from "./EventList";
import { fromEntry, type Happening } from "./happening";
import { useActivity } from "./use-activity";

const KINDS = ["project", "vm", "allocation", "account", "session", "terminal-session", "vm-health", "settings", "system"] as const;

export function ActivityPage() {
  const t = useT();
  const [kind, setKind] = useState<string | null>(null);
  const [text, setText] = useState("");
  const activity = useActivity({ kind });
  const shown = activity.data?.map(fromEntry).filter((happening) => matches(happening, text));
  return (
    <>
      <PageHeader title={t("activity.title")} />
      <Panel flush>
        <Group p="sm" gap="sm">
          <TextInput
            size="xs"
            w={280}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            placeholder={t("activity.filter")}
            aria-label={t("activity.filter")}
            leftSection={<IconSearch size={14} aria-hidden />}
          />
          <Select
            size="xs"
            w={160}
            value={kind}
            onChange={setKind}
            placeholder={t("activity.allKinds")}
            aria-label={t("activity.kind")}
            data={KINDS.map((one) => ({ value: one, label: t(`activity.kind.${one}`) }))}
            clearable
          />
        </Group>
        {activity.isPending && <Loading rows={8} />}
        {activity.error !== null && <ProblemAlert error={activity.error} onRetry={() => void activity.refetch()} />}
        {activity.data?.length === 0 && (
          <EmptyState icon={IconActivity} title={t("activity.empty")} body={t("activity.emptyBody")} />
        )}
        {shown !== undefined && <EventList happenings={shown} />}
        {shown?.length === 0 && activity.data?.length !== 0 && (
          <Text size="sm" c="var(--text-soft)" p="md">
            {t("table.noMatch")}
          </Text>
        )}
        {activity.hasNextPage && (
          <Group justify="center" p="sm">
            <Button variant="default" size="xs" loading={activity.isFetchingNextPage} onClick={() => void activity.fetchNextPage()}>
              {t("action.more")}
            </Button>
          </Group>
        )}
      </Panel>
    </>
  );
}

function matches({ actor, about, kind }: Happening, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return [actor ?? "", kind, ...about.map(({ name }) => name)].some((field) => field.toLowerCase().includes(wanted));
}
