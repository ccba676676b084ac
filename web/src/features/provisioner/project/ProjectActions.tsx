/** Retry, cancel, extend, delete: what the project's state allows. */

import { Button, SegmentedControl } from "@mantine/core";
import { IconCalendarPlus, IconPlayerStop, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import type { Project } from "@/api/contract";
import { useSpeech, useT } from "@/shared/i18n/language";
import { useAccount } from "@/shared/session";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { noticeDone, noticeProblem } from "@/shared/ui/notices";

import { useExtendLease, useProjectOrder } from "../queries";

type Dialog = "cancel" | "extend" | "delete" | null;

export function ProjectActions({ project }: { project: Project }) {
  const { t, language } = useSpeech();
  const [dialog, setDialog] = useState<Dialog>(null);
  const retry = useProjectOrder(project, "retry");
  const close = () => setDialog(null);
  if (useAccount().role === "viewer") return null;
  const { status } = project;
  return (
    <>
      {(status === "failed" || status === "cancelled") && (
        <Button
          leftSection={<IconRefresh size={16} />}
          loading={retry.isPending}
          onClick={() => retry.mutate(undefined, { onError: (error) => noticeProblem(error, language) })}
        >
          {t("one.retry")}
        </Button>
      )}
      {(status === "requested" || status === "configuring") && (
        <Button variant="default" leftSection={<IconPlayerStop size={16} />} onClick={() => setDialog("cancel")}>
          {t("one.cancel")}
        </Button>
      )}
      {status === "completed" && (
        <Button variant="default" leftSection={<IconCalendarPlus size={16} />} onClick={() => setDialog("extend")}>
          {t("one.extend")}
        </Button>
      )}
      {(status === "completed" || status === "failed" || status === "cancelled") && (
        <Button variant="default" className="danger" leftSection={<IconTrash size={16} />} onClick={() => setDialog("delete")}>
          {t("one.delete")}
        </Button>
      )}
      {dialog === "cancel" && <CancelDialog project={project} onClose={close} />}
      {dialog === "extend" && <ExtendDialog project={project} onClose={close} />}
      {dialog === "delete" && <DeleteDialog project={project} onClose={close} />}
    </>
  );
}

interface DialogProps {
  project: Project;
  onClose: () => void;
}

function CancelDialog({ project, onClose }: DialogProps) {
  const t = useT();
  const cancel = useProjectOrder(project, "cancel");
  return (
    <ConfirmDialog
      title={t("one.cancelTitle", { name: project.name })}
      body={t("one.cancelBody")}
      action={t("one.cancel")}
      destructive
      pending={cancel.isPending}
      error={cancel.error}
      onConfirm={() => cancel.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

function DeleteDialog({ project, onClose }: DialogProps) {
  const t = useT();
  const remove = useProjectOrder(project, "delete");
  const machines = project.vms.map(({ name }) => name).join(", ") || t("unit.machines", { count: 0 });
  return (
    <ConfirmDialog
      title={t("one.deleteTitle", { name: project.name })}
      body={t("one.deleteBody", { machines })}
      action={t("one.delete")}
      word={project.name}
      destructive
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() =>
        remove.mutate(undefined, {
          onSuccess: () => {
            noticeDone(t("one.asked"));
            onClose();
          },
        })
      }
      onClose={onClose}
    />
  );
}

function ExtendDialog({ project, onClose }: DialogProps) {
  const t = useT();
  const [days, setDays] = useState("7");
  const extend = useExtendLease(project);
  return (
    <ConfirmDialog
      title={t("one.extendTitle", { name: project.name })}
      body={t("wizard.leaseHint")}
      action={t("one.extendSubmit")}
      pending={extend.isPending}
      error={extend.error}
      onConfirm={() => extend.mutate(Number(days), { onSuccess: onClose })}
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
