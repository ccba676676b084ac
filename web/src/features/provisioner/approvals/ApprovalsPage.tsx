/** What waits for an operator's approval, with what one wants to know before saying yes. */

import { Stack } from "@mantine/core";
import { IconUserCheck } from "@tabler/icons-react";

import { useT } from "@/shared/i18n/language";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Loading } from "@/shared/ui/Loading";
import { PageHeader } from "@/shared/ui/PageHeader";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { useApprovals } from "../queries";
import { ApprovalCard } from "./ApprovalCard";

export function ApprovalsPage() {
  const t = useT();
  const approvals = useApprovals();
  return (
    <Stack gap={0} maw={1000}>
      <PageHeader title={t("approvals.title")} />
      {approvals.isPending && <Loading rows={4} height={70} />}
      {approvals.error !== null && <ProblemAlert error={approvals.error} onRetry={() => void approvals.refetch()} />}
      {approvals.data?.length === 0 && (
        <Panel>
          <EmptyState icon={IconUserCheck} title={t("approvals.empty")} body={t("approvals.emptyBody")} />
        </Panel>
      )}
      <Stack gap="md">
        {approvals.data?.map((project) => (
          <ApprovalCard key={project.id} project={project} />
        ))}
      </Stack>
    </Stack>
  );
}
