/** Ends a policy after its name was typed; its machines stay. */

import type { Policy } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { noticeDone } from "@/shared/ui/notices";

import { usePolicy, useRemovePolicy } from "./queries";

export function RemovePolicyDialog({ policy, onClose }: { policy: Policy; onClose: () => void }) {
  const t = useT();
  const remove = useRemovePolicy();
  const asked = usePolicy(policy.name);
  return (
    <ConfirmDialog
      title={t("policy.removeOf", { name: policy.name })}
      body={t("policy.removeBody", { count: policy.total })}
      action={t("policy.remove")}
      word={policy.name}
      destructive
      ready={asked.data !== undefined}
      pending={remove.isPending}
      error={remove.error ?? asked.error}
      onConfirm={() =>
        remove.mutate(
          { name: policy.name, version: asked.data?.version ?? null },
          {
            onSuccess: () => {
              noticeDone(t("policy.removed", { name: policy.name }));
              onClose();
            },
          },
        )
      }
      onClose={onClose}
    />
  );
}
