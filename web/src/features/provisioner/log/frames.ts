/** What `/ws/logs/{project_id}` sends. */

import type { StepStatus } from "@/api/contract";

export interface LineFrame {
  seq: number;
  type: "line";
  time: string;
  vm: string | null;
  text: string;
}

export interface StepFrame {
  seq: number;
  type: "step";
  number: number;
  name: string;
  status: StepStatus;
}

export interface EndFrame {
  type: "end";
  status: string;
}

export type Row = LineFrame | StepFrame;
export type Frame = Row | EndFrame;

/** Frames of a kind that is not known here, from a newer server, are passed over. */
export function parseFrame(text: string): Frame | null {
  const frame = JSON.parse(text) as { type?: unknown };
  return frame.type === "line" || frame.type === "step" || frame.type === "end" ? (frame as Frame) : null;
}
