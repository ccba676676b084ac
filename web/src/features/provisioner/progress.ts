/** Small questions about a project's steps and its progress. */

import type { Progress, Project, ProjectStep } from "@/api/contract";
import type { Language } from "@/shared/i18n/format";
import type { Translate } from "@/shared/i18n/language";
import { roughDuration } from "@/shared/i18n/times";

export function finishedSteps(steps: readonly ProjectStep[]): number {
  return steps.filter(({ status }) => status === "succeeded").length;
}

export function runningStep({ status, steps }: Pick<Project, "status" | "steps">): ProjectStep | undefined {
  return status === "configuring" ? steps.find((step) => step.status === "running") : undefined;
}

/** How long a step took, or has taken until `now`; null before it begins. */
export function stepDuration(step: ProjectStep, now: number): number | null {
  if (step.duration_seconds !== null) return step.duration_seconds * 1000;
  if (step.started_at === null) return null;
  const end = step.finished_at === null ? now : Date.parse(step.finished_at);
  return Math.max(0, end - Date.parse(step.started_at));
}

/** What is probably left, in words; null when no past run tells. `asked` is when the service said so. */
export function remainingWords(
  progress: Progress,
  { asked, now, t, language }: { asked: number; now: number; t: Translate; language: Language },
): string | null {
  const { remaining_seconds: remaining, finished, total } = progress;
  if (remaining === null || finished === total) return null;
  const left = remaining * 1000 - (now - asked);
  if (remaining === 0 || left < -5_000) return t("progress.longer");
  if (left < 3_000) return t("progress.nearly");
  return t("progress.left", { time: roughDuration(left, language) });
}

export function percentOf({ share }: Pick<Progress, "share">): number {
  // A project that is not done never reads 100.
  return share >= 1 ? 100 : Math.min(99, Math.round(share * 100));
}
