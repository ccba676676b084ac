/** What a retry would do: go on at the failed step while the machines are still held, or begin anew. */

import type { Project } from "@/api/contract";

export interface RetryPromise {
  /** The step at which the same machines go on; null: from the beginning, on fresh ones. */
  step: number | null;
  /** How much longer that holds. */
  milliseconds: number;
}

export function retryPromise(project: Pick<Project, "status" | "steps" | "machines_held_until">, now: number): RetryPromise {
  const { status, steps, machines_held_until: until } = project;
  const left = until === null ? 0 : Date.parse(until) - now;
  if (status !== "failed" || left <= 0) return { step: null, milliseconds: 0 };
  const unfinished = steps.find((step) => step.status !== "succeeded");
  return { step: unfinished?.number ?? 1, milliseconds: left };
}

/** "0:42", "12:05", "1:02:00": what is left of a time, rounded up so that 0:00 means over. */
export function countdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (number: number) => String(number).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
