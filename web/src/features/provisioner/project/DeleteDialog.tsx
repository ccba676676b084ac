/** Asks before a project is deleted: names each machine that is lost, and wants the project's name typed. */

import { Text } from "@mantine/core";

import type { Project, ProjectMachine } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { noticeDone } from "@/shared/ui/notices";

import { useProjectOrder } from "../queries";
import classes from "./DeleteDialog.module.css";

export function DeleteDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const t = useT();
  const remove = useProjectOrder(project, "delete");
  return (
    <ConfirmDialog
      title={t("one.deleteTitle", { name: project.name })}
      body={t(project.vms.length === 0 ? "one.deleteNothing" : "one.deleteBody")}
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
    >
      {project.vms.length > 0 && <Lost machines={project.vms} />}
    </ConfirmDialog>
  );
}

function Lost({ machines }: { machines: readonly ProjectMachine[] }) {
  const t = useT();
  return (
    <ul className={classes.lost} aria-label={t("one.deleteLost")}>
      {machines.map(({ id, name, role, address }) => (
        <li key={id}>
          <b>{name}</b>{" "}
          <Text span size="xs" c="var(--text-soft)">
            {role} · <span className={classes.address}>{address}</span>
          </Text>
        </li>
      ))}
    </ul>
  );
}
