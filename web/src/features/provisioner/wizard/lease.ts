/** The lengths of lease that the wizard offers; null lasts until the project is deleted. */

import type { Translate } from "@/shared/i18n/language";

export const LEASES: readonly (number | null)[] = [1, 3, 7, 14, 30, 90, null];

export function leaseWords(days: number | null, t: Translate): string {
  return days === null ? t("wizard.noEnd") : t("wizard.days", { count: days });
}
