/** What drifted, in the reader's language; addresses and keys stay as they are. */

import type { Drifted } from "@/api/contract";
import type { Translate } from "@/shared/i18n/language";

export function driftWord(what: Drifted["what"], value: string, t: Translate): string {
  if (what === "power" && (value === "on" || value === "off")) return t(`vcenter.power.${value}`);
  if (what === "presence" && (value === "present" || value === "missing")) return t(`drift.${value}`);
  return value === "" ? t("time.none") : value;
}
