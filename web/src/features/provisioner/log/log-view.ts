/** Which rows are shown and which of them match a search; both grow with the log instead of being made anew. */

import { plainText } from "./ansi";
import type { Row } from "./frames";

export class LogView {
  /** Positions in the log of the rows that are shown. */
  readonly shown: number[] = [];
  /** Positions in `shown` of the rows that match. */
  readonly matches: number[] = [];
  readonly #vm: string | null;
  readonly #wanted: string;
  #read = 0;

  constructor(vm: string | null, search: string) {
    this.#vm = vm;
    this.#wanted = search.trim().toLowerCase();
  }

  extend(rows: readonly Row[]): this {
    for (; this.#read < rows.length; this.#read += 1) {
      const row = rows[this.#read];
      if (row === undefined || !this.#shows(row)) continue;
      if (this.#wanted !== "" && rowText(row).toLowerCase().includes(this.#wanted)) this.matches.push(this.shown.length);
      this.shown.push(this.#read);
    }
    return this;
  }

  /** Steps stay in sight under every filter: they say where one is. */
  #shows(row: Row): boolean {
    return this.#vm === null || row.type === "step" || row.vm === this.#vm;
  }
}

export function rowText(row: Row): string {
  return row.type === "line" ? plainText(row.text) : row.name;
}
