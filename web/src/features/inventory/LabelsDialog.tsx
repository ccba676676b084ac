/** Changes the labels of a machine, all at once. */

import { useState } from "react";

import type { MachineDetail } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { noticeDone } from "@/shared/ui/notices";

import { labelWords, readLabels } from "./label-words";
import { LabelsInput } from "./Labels";
import { useLabels } from "./queries";

export function LabelsDialog({ machine, onClose }: { machine: MachineDetail; onClose: () => void }) {
  const t = useT();
  const save = useLabels(machine.id);
  const [words, setWords] = useState(() => labelWords(machine.labels));
  const { labels, bad } = readLabels(words);
  return (
    <ConfirmDialog
      title={t("upkeep.changeLabels", { name: machine.name })}
      body={t("upkeep.labelsBody")}
      action={t("action.save")}
      ready={bad === null}
      pending={save.isPending}
      error={save.error}
      onConfirm={() =>
        save.mutate(labels, {
          onSuccess: () => {
            noticeDone(t("pool.done", { name: machine.name }));
            onClose();
          },
        })
      }
      onClose={onClose}
    >
      <LabelsInput words={words} onChange={setWords} />
    </ConfirmDialog>
  );
}
