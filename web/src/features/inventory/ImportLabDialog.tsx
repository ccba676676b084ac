/** Lab machines of this computer join the pool. */

import { NumberInput } from "@mantine/core";
import { useState } from "react";

import { useT } from "@/shared/i18n/language";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { noticeDone } from "@/shared/ui/notices";

import { useImportLab } from "./queries";

export function ImportLabDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const [count, setCount] = useState(3);
  const start = useImportLab();
  return (
    <ConfirmDialog
      title={t("pool.importTitle")}
      body={t("pool.importBody")}
      action={t("pool.importSubmit")}
      pending={start.isPending}
      error={start.error}
      onConfirm={() =>
        start.mutate(count, {
          onSuccess: (joined) => {
            noticeDone(t("pool.imported", { count: joined.vms.length }));
            onClose();
          },
        })
      }
      onClose={onClose}
    >
      <NumberInput
        label={t("pool.importCount")}
        min={1}
        max={12}
        allowDecimal={false}
        value={count}
        onChange={(value) => setCount(Number(value))}
        data-autofocus
      />
    </ConfirmDialog>
  );
}
