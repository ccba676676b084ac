/** What is mine and how it goes, how full the pool is, what happened last. */

import { Anchor, Button, Group, SimpleGrid, Stack } from "@mantine/core";
import { IconPlus, IconUserCheck } from "@tabler/icons-react";
import { Link } from "react-router";

import { usePendingAccounts } from "@/features/auth/queries";
import { PoolPanel } from "@/features/inventory/PoolPanel";
import { RecentActivity } from "@/features/monitor/RecentActivity";
import { ProjectCards } from "@/features/provisioner/ProjectCards";
import { useT } from "@/shared/i18n/language";
import { useAccount, useIsOperator } from "@/shared/session";
import { Callout } from "@/shared/ui/Callout";
import { PageHeader } from "@/shared/ui/PageHeader";
import { Panel } from "@/shared/ui/Panel";

export function DashboardPage() {
  const t = useT();
  const { role } = useAccount();
  const operator = useIsOperator();
  return (
    <>
      <PageHeader
        title={t("dashboard.title")}
        actions={
          role !== "viewer" && (
            <Button component={Link} to="/projects/new" leftSection={<IconPlus size={16} />}>
              {t("projects.new")}
            </Button>
          )
        }
      />
      <Stack gap="md">
        {operator && <WaitingAccounts />}
        <PoolPanel />
        <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
          <Panel title={t(operator ? "dashboard.allProjects" : "dashboard.projects")} flush aside={<AllProjects />}>
            <ProjectCards />
          </Panel>
          <RecentActivity />
        </SimpleGrid>
      </Stack>
    </>
  );
}

function AllProjects() {
  const t = useT();
  return (
    <Anchor component={Link} to="/projects" size="sm">
      {t("dashboard.all")}
    </Anchor>
  );
}

function WaitingAccounts() {
  const t = useT();
  const waiting = usePendingAccounts();
  if (waiting.length === 0) return null;
  return (
    <Callout tone="notice" icon={IconUserCheck}>
      <Group justify="space-between">
        {t("dashboard.waiting", { count: waiting.length })}
        <Button component={Link} to="/accounts" size="xs" variant="default">
          {t("dashboard.review")}
        </Button>
      </Group>
    </Callout>
  );
}
