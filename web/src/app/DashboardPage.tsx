/** What is mine and how it goes, how full the pool is, what happened last. */

import { Anchor, Button, Group, SimpleGrid, Stack } from "@mantine/core";
import { IconChecklist, IconPlus, IconUserCheck, type TablerIcon } from "@tabler/icons-react";
import { Link } from "react-router";

import { usePendingAccounts } from "@/features/auth/queries";
import { PoolPanel } from "@/features/inventory/PoolPanel";
import { RecentActivity } from "@/features/monitor/RecentActivity";
import { useApprovalCount } from "@/features/provisioner/queries";
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
        {operator && <WaitingProjects />}
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
  const count = usePendingAccounts().length;
  return count > 0 && <Waiting icon={IconUserCheck} words={t("dashboard.waiting", { count })} to="/accounts" />;
}

function WaitingProjects() {
  const t = useT();
  const count = useApprovalCount();
  return count > 0 && <Waiting icon={IconChecklist} words={t("approvals.waiting", { count })} to="/approvals" />;
}

function Waiting({ icon, words, to }: { icon: TablerIcon; words: string; to: string }) {
  const t = useT();
  return (
    <Callout tone="notice" icon={icon}>
      <Group justify="space-between">
        {words}
        <Button component={Link} to={to} size="xs" variant="default" aria-label={`${t("dashboard.review")}: ${words}`}>
          {t("dashboard.review")}
        </Button>
      </Group>
    </Callout>
  );
}
