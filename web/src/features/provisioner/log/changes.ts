/**
 * Reads from Ansible's output what changed, or in a dry run would change: the lines of `--diff`, the results that say
 * "changed", and what modules without files say (apt names its packages). A diff comes before its task's result.
 */

import { plainText } from "./ansi";
import type { LineFrame, Row } from "./frames";

/** What a row is to someone who only wants to see changes; `other` is nothing to them. */
export type RowKind = "step" | "heading" | "file" | "hunk" | "added" | "removed" | "context" | "said" | "changed" | "bad" | "other";

export interface ChangeCount {
  /** Results that say "changed"; in a loop each item has its own. */
  results: number;
  added: number;
  removed: number;
}

const HEADING = /^(?:TASK|RUNNING HANDLER) \[/;
const BANNER = /^(?:PLAY|NO MORE HOSTS LEFT)\b.* \*{3,}$/;
const RESULT = /^(ok|changed|skipping|included|rescued|fatal|failed|unreachable|ignored): \[/;
const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/** Where the reader is within the lines of one machine. */
interface Reading {
  /** Lines of the hunk that are still to come. */
  before: number;
  after: number;
  /** What follows a result, indented, is its body. */
  body: boolean;
}

export class ChangeReader {
  /** One for each row, in the same order. */
  readonly kinds: RowKind[] = [];
  /** By step, then by machine. */
  readonly counts = new Map<number, Map<string, ChangeCount>>();
  #step = 0;
  #inTask = false;
  readonly #readings = new Map<string | null, Reading>();

  extend(rows: readonly Row[]): this {
    for (let index = this.kinds.length; index < rows.length; index += 1) {
      const row = rows[index];
      if (row === undefined) break;
      if (row.type === "step") this.#enter(row.number);
      this.kinds.push(row.type === "step" ? "step" : this.#line(row));
    }
    return this;
  }

  #enter(step: number): void {
    this.#step = step;
    this.#inTask = false;
    this.#readings.clear();
  }

  #line(row: LineFrame): RowKind {
    const text = plainText(row.text);
    if (HEADING.test(text) || BANNER.test(text)) {
      this.#inTask = HEADING.test(text);
      this.#readings.clear();
      return this.#inTask ? "heading" : "other";
    }
    const reading = this.#readings.get(row.vm) ?? { before: 0, after: 0, body: false };
    this.#readings.set(row.vm, reading);
    return inHunk(reading) ? this.#hunkLine(row.vm, text, reading) : this.#outside(row.vm, text, reading);
  }

  #hunkLine(vm: string | null, text: string, reading: Reading): RowKind {
    if (text.startsWith("+")) {
      reading.after -= 1;
      this.#count(vm).added += 1;
      return "added";
    }
    if (text.startsWith("-")) {
      reading.before -= 1;
      this.#count(vm).removed += 1;
      return "removed";
    }
    // "\ No newline at end of file" counts for neither side.
    if (!text.startsWith("\\")) {
      reading.before -= 1;
      reading.after -= 1;
    }
    return "context";
  }

  #outside(vm: string | null, text: string, reading: Reading): RowKind {
    const hunk = HUNK.exec(text);
    if (hunk !== null) {
      reading.before = Number(hunk[1] ?? 1);
      reading.after = Number(hunk[2] ?? 1);
      return "hunk";
    }
    if (/^(?:--- before|\+\+\+ after)(?::|$)/.test(text.trimEnd())) return "file";
    if (text.startsWith("\\ No newline")) return "context";
    const result = RESULT.exec(text)?.[1];
    if (result !== undefined) return this.#result(vm, result, reading);
    if (text.trim() === "" || vm === null || !this.#inTask) return "other";
    if (reading.body && /^\s{4}/.test(text)) return "other";
    reading.body = false;
    return "said";
  }

  #result(vm: string | null, result: string, reading: Reading): RowKind {
    reading.body = true;
    if (result === "changed") {
      this.#count(vm).results += 1;
      return "changed";
    }
    return ["fatal", "failed", "unreachable"].includes(result) ? "bad" : "other";
  }

  #count(vm: string | null): ChangeCount {
    const machines = this.counts.get(this.#step) ?? new Map<string, ChangeCount>();
    this.counts.set(this.#step, machines);
    const count = machines.get(vm ?? "") ?? { results: 0, added: 0, removed: 0 };
    machines.set(vm ?? "", count);
    return count;
  }
}

function inHunk({ before, after }: Reading): boolean {
  return before > 0 || after > 0;
}
