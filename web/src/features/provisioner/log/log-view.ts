/** Which rows are shown and which of them match a search; both grow with the log instead of being made anew. */

import { plainText } from "./ansi";
import type { RowKind } from "./changes";
import type { Row } from "./frames";

/** What someone who only wants to see changes sees; a task's heading comes with its first change. */
const CHANGES: ReadonlySet<RowKind> = new Set(["step", "file", "hunk", "added", "removed", "context", "said", "changed", "bad"]);

export class LogView {
  /** Positions in the log of the rows that are shown. */
  readonly shown: number[] = [];
  /** Positions in `shown` of the rows that match. */
  readonly matches: number[] = [];
  readonly #vm: string | null;
  readonly #wanted: string;
  readonly #kinds: readonly RowKind[] | null;
  #read = 0;
  #heading: number | null = null;

  /** With `kinds`, one for each row, only changes are shown. */
  constructor(vm: string | null, search: string, kinds: readonly RowKind[] | null = null) {
    this.#vm = vm;
    this.#wanted = search.trim().toLowerCase();
    this.#kinds = kinds;
  }

  extend(rows: readonly Row[]): this {
    for (; this.#read < rows.length; this.#read += 1) {
      const row = rows[this.#read];
      if (row === undefined || !this.#shows(row, this.#read)) continue;
      if (this.#kinds === null) this.#show(row, this.#read);
      else this.#showChange(rows, this.#read, this.#kinds[this.#read] ?? "other");
    }
    return this;
  }

  #showChange(rows: readonly Row[], position: number, kind: RowKind): void {
    if (kind === "heading" || kind === "step") this.#heading = kind === "heading" ? position : null;
    const row = rows[position];
    if (row === undefined || !CHANGES.has(kind)) return;
    const heading = this.#heading === null ? undefined : rows[this.#heading];
    if (this.#heading !== null && heading !== undefined) this.#show(heading, this.#heading);
    this.#heading = null;
    this.#show(row, position);
  }

  #show(row: Row, position: number): void {
    if (this.#wanted !== "" && rowText(row).toLowerCase().includes(this.#wanted)) this.matches.push(this.shown.length);
    this.shown.push(position);
  }

  /** Steps stay in sight under every filter: they say where one is. A task's heading speaks of all machines. */
  #shows(row: Row, position: number): boolean {
    if (this.#vm === null || row.type === "step") return true;
    return row.vm === this.#vm || this.#kinds?.[position] === "heading";
  }
}

export function rowText(row: Row): string {
  return row.type === "line" ? plainText(row.text) : row.name;
}
