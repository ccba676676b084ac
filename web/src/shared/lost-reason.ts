/** Why a machine of a project is gone. What the inventory finds by itself is said in the reader's language. */

import type { Translate } from "@/shared/i18n/language";

const DELETED = /^deleted in its provider \(([\w-]+)\)$/;

export function lostReason(reason: string, t: Translate): string {
  const provider = DELETED.exec(reason)?.[1];
  return provider === undefined ? reason : t("one.lostDeleted", { provider });
}
