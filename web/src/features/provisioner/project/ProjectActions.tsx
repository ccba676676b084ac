/** Retry, cancel, extend, delete: what the project's state allows. */

import { Button, SegmentedControl } from "@mantine/core";
import { IconCalendarPlus, IconPlayerStop, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import type { Project, ProjectStatus } from "@/api/contract";
import { useSpeech, useT } from "@/shared/i18n/language";
import { dateTime } from "@/shared/i18n/times";
import { useAccount } from "@/shared/session";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { noticeDone, noticeProblem } from "@/shared/ui/notices";

import { useExtendLease, useProjectOrder } from "../queries";
import { DeleteDialog } from "./DeleteDialog";
import { useRetryPromise } from "./RetryNote";

const deletable: ReadonlySet<ProjectStatus> = new Set(["completed", "failed", "cancelled", "rejected"]);

type Dialog = "cancel" | "extend" | "delete" | null;

interface ProjectActionsProps {
  project: Project;
  /** While the past is looked at. */
  disabled: boolean;
}

export function ProjectActions({ project, disabled }: ProjectActionsProps) {
  const t = useT();
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = () => setDialog(null);
  if (useAccount().role === "viewer") return null;
  const { status } = project;
  return (
    <>
      {(status === "failed" || status === "cancelled") && <RetryButton project={project} disabled={disabled} />}
      {(status === "requested" || status === "configuring") && (
        <Button variant="default" disabled={disabled} leftSection={<IconPlayerStop size={16} />} onClick={() => setDialog("cancel")}>
          {t(status === "requested" ? "one.withdraw" : "one.cancel")}
        </Button>
      )}
      {status === "completed" && !project.dry_run && (
        <Button variant="default" disabled={disabled} leftSection={<IconCalendarPlus size={16} />} onClick={() => setDialog("extend")}>
          {t("one.extend")}
        </Button>
      )}
      {deletable.has(status) && (
        <Button
          variant="default"
          className={disabled ? "" : "danger"}
          disabled={disabled}
          leftSection={<IconTrash size={16} />}
          onClick={() => setDialog("delete")}
        >
          {t("one.delete")}
        </Button>
      )}
      {dialog === "cancel" && <CancelDialog project={project} onClose={close} />}
      {dialog === "extend" && <ExtendDialog project={project} onClose={close} />}
      {dialog === "delete" && <DeleteDialog project={project} onClose={close} />}
    </>
  );
}

function RetryButton({ project, disabled }: ProjectActionsProps) {
  const { t, language } = useSpeech();
  const retry = useProjectOrder(project, "retry");
  const { step } = useRetryPromise(project);
  return (
    <Button
      leftSection={<IconRefresh size={16} />}
      disabled={disabled}
      loading={retry.isPending}
      onClick={() => retry.mutate(undefined, { onError: (error) => noticeProblem(error, language) })}
    >
      {step === null ? t("one.retry") : t("retry.at", { number: step })}
    </Button>
  );
}

interface DialogProps {
  project: Project;
  onClose: () => void;
}

function CancelDialog({ project, onClose }: DialogProps) {
  const t = useT();
  const cancel = useProjectOrder(project, "cancel");
  const waits = project.status === "requested";
  return (
    <ConfirmDialog
      title={t(waits ? "one.withdrawTitle" : "one.cancelTitle", { name: project.name })}
      body={t(waits ? "one.withdrawBody" : "one.cancelBody")}
      action={t(waits ? "one.withdraw" : "one.cancel")}
      destructive
      pending={cancel.isPending}
      error={cancel.error}
      onConfirm={() => cancel.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

function ExtendDialog({ project, onClose }: DialogProps) {
  const { t, language } = useSpeech();
  const [days, setDays] = useState("7");
  const extend = useExtendLease(project);
  return (
    <ConfirmDialog
      title={t("one.extendTitle", { name: project.name })}
      body={t("wizard.leaseHint")}
      action={t("one.extendSubmit")}
      pending={extend.isPending}
      error={extend.error}
      onConfirm={() =>
        extend.mutate(Number(days), {
          onSuccess: ({ lease_expires_at: end }) => {
            if (end !== null) noticeDone(t("one.extended", { time: dateTime(end, language) }));
            onClose();
          },
        })
      }
      onClose={onClose}
    >
      <SegmentedControl
        value={days}
        onChange={setDays}
        data={[1, 7, 14, 30].map((count) => ({ value: String(count), label: t("wizard.days", { count }) }))}
        aria-label={t("one.extendBy")}
      />
    </ConfirmDialog>
  );
}
