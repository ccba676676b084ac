/** An operator's yes or no to a request; the no carries a reason. */

import { Button, Textarea } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useState } from "react";

import type { Project } from "@/api/contract";
import { useSpeech, useT } from "@/shared/i18n/language";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { noticeDone, noticeProblem } from "@/shared/ui/notices";

import { useApprove, useReject } from "../queries";

const LONGEST_REASON = 500;

export function ApprovalButtons({ project }: { project: Project }) {
  const { t, language } = useSpeech();
  const [rejecting, setRejecting] = useState(false);
  const approve = useApprove(project);
  const { name } = project;
  return (
    <>
      <Button
        size="xs"
        leftSection={<IconCheck size={15} aria-hidden />}
        loading={approve.isPending}
        aria-label={t("approvals.approveOf", { name })}
        onClick={() =>
          approve.mutate(undefined, {
            onSuccess: () => noticeDone(t("approvals.approved", { name })),
            onError: (error) => noticeProblem(error, language),
          })
        }
      >
        {t("approvals.approve")}
      </Button>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconX size={15} aria-hidden />}
        aria-label={t("approvals.rejectOf", { name })}
        onClick={() => setRejecting(true)}
      >
        {t("approvals.reject")}
      </Button>
      {rejecting && <RejectDialog project={project} onClose={() => setRejecting(false)} />}
    </>
  );
}

function RejectDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const t = useT();
  const [reason, setReason] = useState("");
  const reject = useReject(project);
  const { name, owner } = project;
  return (
    <ConfirmDialog
      title={t("approvals.rejectTitle", { name })}
      body={t("approvals.rejectBody", { owner })}
      action={t("approvals.reject")}
      destructive
      ready={reason.trim() !== ""}
      pending={reject.isPending}
      error={reject.error}
      onConfirm={() =>
        reject.mutate(reason.trim(), {
          onSuccess: () => {
            noticeDone(t("approvals.rejected", { name }));
            onClose();
          },
        })
      }
      onClose={onClose}
    >
      <Textarea
        label={t("approvals.reason")}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={LONGEST_REASON}
        autosize
        minRows={2}
        data-autofocus
        required
        withAsterisk={false}
      />
    </ConfirmDialog>
  );
}
