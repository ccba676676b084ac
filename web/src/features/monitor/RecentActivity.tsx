/** What happened last, for the dashboard. */

import { Anchor } from "@mantine/core";
import { IconActivity } from "@tabler/icons-react";
import { Link } from "react-router";

import { useT } from "@/shared/i18n/language";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Loading } from "@/shared/ui/Loading";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { EventList } from "./EventList";
import { fromEntry } from "./happening";
import { useActivity } from "./use-activity";

const SHOWN = 8;

export function RecentActivity() {
  const t = useT();
  const activity = useActivity({ limit: SHOWN });
  return (
    <Panel
      title={t("dashboard.activity")}
      flush
      aside={
        <Anchor component={Link} to="/activity" size="sm">
          {t("nav.activity")}
        </Anchor>
      }
    >
      {activity.isPending && <Loading rows={5} />}
      {activity.error !== null && <ProblemAlert error={activity.error} onRetry={() => void activity.refetch()} />}
      {activity.data?.length === 0 && (
        <EmptyState icon={IconActivity} title={t("activity.empty")} body={t("activity.emptyBody")} />
      )}
      {activity.data !== undefined && <EventList happenings={activity.data.slice(0, SHOWN).map(fromEntry)} bare />}
    </Panel>
  );
}
