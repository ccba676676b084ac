/** Choosing among the machines that are shown; what a platform has taken already cannot be chosen. */

import type { VcenterItem } from "@/api/contract";

type Choosable = Pick<VcenterItem, "reference" | "taken">;

export function toggled(chosen: ReadonlySet<string>, reference: string): ReadonlySet<string> {
  const next = new Set(chosen);
  if (!next.delete(reference)) next.add(reference);
  return next;
}

/** All that are shown, or none of them if all are chosen already; choices that are out of sight stay. */
export function allToggled(chosen: ReadonlySet<string>, shown: readonly Choosable[]): ReadonlySet<string> {
  const free = shown.filter(({ taken }) => !taken).map(({ reference }) => reference);
  const next = new Set(chosen);
  const all = allChosen(chosen, shown);
  for (const reference of free) {
    if (all) next.delete(reference);
    else next.add(reference);
  }
  return next;
}

export function allChosen(chosen: ReadonlySet<string>, shown: readonly Choosable[]): boolean {
  const free = shown.filter(({ taken }) => !taken);
  return free.length > 0 && free.every(({ reference }) => chosen.has(reference));
}
