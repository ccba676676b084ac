/** A state as icon and word in its tone. */

import { useT } from "@/shared/i18n/language";

import classes from "./StateBadge.module.css";
import type { Look } from "./states";

export function StateBadge({ look, plain = false }: { look: Look; plain?: boolean }) {
  const t = useT();
  const Icon = look.icon;
  return (
    <span className={plain ? classes.plain : classes.badge} data-tone={look.tone}>
      <Icon size={14} stroke={2} aria-hidden className={look.turning ? "turning" : undefined} />
      {t(look.label)}
    </span>
  );
}
