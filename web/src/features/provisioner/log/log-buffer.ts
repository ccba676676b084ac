/** All rows of one log in their order: each sequence number once, none left out. */

import type { Frame, Row, StepFrame } from "./frames";

export interface Accepted {
  /** Steps that began or ended, in order. */
  steps: StepFrame[];
  ended: boolean;
  /** A number is missing: the stream has to be asked again from `lastSeq`. */
  gap: boolean;
}

export class LogBuffer {
  /** Only ever appended to, so that a hundred thousand rows are not copied for each new one. */
  readonly rows: Row[] = [];
  readonly vms: string[] = [];
  lastSeq = 0;
  #missingAfter = 0;

  accept(frames: readonly Frame[]): Accepted {
    const accepted: Accepted = { steps: [], ended: false, gap: false };
    for (const frame of frames) {
      if (frame.type === "end") {
        accepted.ended = true;
      } else if (this.#leavesGap(frame.seq)) {
        return { ...accepted, gap: true };
      } else if (frame.seq > this.lastSeq) {
        this.#append(frame);
        if (frame.type === "step") accepted.steps.push(frame);
      }
    }
    return accepted;
  }

  /** A gap is asked for once; one that stays is a part of the log that is kept no longer. */
  #leavesGap(seq: number): boolean {
    if (this.lastSeq === 0 || seq <= this.lastSeq + 1 || this.#missingAfter === this.lastSeq) return false;
    this.#missingAfter = this.lastSeq;
    return true;
  }

  #append(row: Row): void {
    this.rows.push(row);
    this.lastSeq = row.seq;
    if (row.type === "line" && row.vm !== null && !this.vms.includes(row.vm)) this.vms.push(row.vm);
  }
}
