/** Why a project waits, as a sentence with the figures that the service knows. */

import type { Waiting } from "@/api/contract";
import type { Translate } from "@/shared/i18n/language";

export function waitingTitle({ reason }: Pick<Waiting, "reason">, t: Translate): string {
  return t(`waiting.${reason}`);
}

export function waitingSentence({ reason, needed, available, shortfall, quota, used, resource }: Waiting, t: Translate): string {
  switch (reason) {
    case "approval":
      return needed === null ? t("waiting.approval.why") : t("waiting.approval.whyMachines", { needed });
    case "quota":
      return needed === null || quota === null || used === null
        ? t("waiting.quota.why")
        : t(resource === "runs" ? "waiting.quota.whyRuns" : "waiting.quota.whyMachines", { needed, quota, used });
    case "capacity":
      return needed === null || available === null
        ? t("waiting.capacity.why")
        : t("waiting.capacity.whyFigures", { needed, available, shortfall: shortfall ?? Math.max(0, needed - available) });
    case "maintenance":
    case "worker":
      return t(`waiting.${reason}.why`);
  }
}
