/** Small questions about a project's steps. */

import type { Project, ProjectStep } from "@/api/contract";

export function finishedSteps(steps: readonly ProjectStep[]): number {
  return steps.filter(({ status }) => status === "succeeded").length;
}

export function runningStep({ status, steps }: Pick<Project, "status" | "steps">): ProjectStep | undefined {
  return status === "configuring" ? steps.find((step) => step.status === "running") : undefined;
}

/** How long a step took, or has taken until `now`; null before it begins. */
export function stepDuration(step: ProjectStep, now: number): number | null {
  if (step.started_at === null) return null;
  const end = step.finished_at === null ? now : Date.parse(step.finished_at);
  return Math.max(0, end - Date.parse(step.started_at));
}
