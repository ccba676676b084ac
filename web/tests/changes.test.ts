import { describe, expect, test } from "vitest";

import { plainText } from "@/features/provisioner/log/ansi";
import { ChangeReader } from "@/features/provisioner/log/changes";
import type { Row } from "@/features/provisioner/log/frames";
import { LogView } from "@/features/provisioner/log/log-view";

let seq = 0;
const line = (vm: string | null, text: string): Row => ({ seq: ++seq, type: "line", time: "", vm, text });
const step = (number: number): Row => ({ seq: ++seq, type: "step", number, name: "", status: "running" });
const lines = (vm: string | null, ...texts: string[]) => texts.map((text) => line(vm, text));

// As ansible-core 2.19 prints it under ansible-runner: the diff of a task, then its result; colours as the terminal's.
const ROWS: Row[] = [
  step(1),
  ...lines(null, "", "PLAY [Prepare machines] ***********", "", "TASK [Gather facts] *****************"),
  ...lines("lab-01", "\u001b[0;32mok: [lab-01]\u001b[0m"),
  ...lines(null, "", "TASK [nginx : Site] ************************"),
  ...lines(
    "lab-01",
    "\u001b[0;31m--- before: /etc/nginx/site.conf\u001b[0m",
    "\u001b[0;31m\u001b[0m\u001b[0;32m+++ after: /tmp/site.conf.j2\u001b[0m",
    "\u001b[0;32m\u001b[0m\u001b[0;36m@@ -1,3 +1,4 @@\u001b[0m",
    "\u001b[0;36m\u001b[0m server {",
    "\u001b[0;31m-  listen 80;\u001b[0m",
    "\u001b[0;32m+  listen 8080;\u001b[0m",
    "\u001b[0;32m+--- before you ask\u001b[0m",
    " }",
    "\\ No newline at end of file",
    "",
    "\u001b[0;33mchanged: [lab-01]\u001b[0m",
  ),
  ...lines("lab-02", "\u001b[0;32mok: [lab-02]\u001b[0m"),
  step(2),
  ...lines(null, "", "TASK [Packages] ************************"),
  ...lines("lab-01", "The following NEW packages will be installed:", "  htop", "\u001b[0;33mchanged: [lab-01]\u001b[0m"),
  ...lines("lab-02", "ok: [lab-02] => ", "    msg: nothing to do"),
  ...lines(null, "", "TASK [Start] ************************"),
  ...lines("lab-02", "fatal: [lab-02]: FAILED! => ", "    msg: no such service"),
  ...lines(null, "", "PLAY RECAP *************", "lab-01 : ok=3 changed=2"),
];

const kinds = () => new ChangeReader().extend(ROWS).kinds;

describe("the reader of a dry run's log", () => {
  test("tells the parts of a diff from each other by the hunk's own figures", () => {
    const from = ROWS.findIndex((row) => row.type === "line" && row.text.includes("--- before: /etc"));
    expect(kinds().slice(from, from + 11)).toEqual([
      "file",
      "file",
      "hunk",
      "context",
      "removed",
      "added",
      "added",
      "context",
      "context",
      "other",
      "changed",
    ]);
  });

  test("takes what a module says before a change for a part of it, and what follows a result for none", () => {
    const from = ROWS.findIndex((row) => row.type === "line" && row.text.startsWith("The following NEW"));
    expect(kinds().slice(from, from + 5)).toEqual(["said", "said", "changed", "other", "other"]);
  });

  test("counts for each step and machine", () => {
    const { counts } = new ChangeReader().extend(ROWS);
    expect(counts.get(1)?.get("lab-01")).toEqual({ results: 1, added: 2, removed: 1 });
    expect(counts.get(2)?.get("lab-01")).toEqual({ results: 1, added: 0, removed: 0 });
    expect(counts.get(1)?.has("lab-02")).toBe(false);
  });

  test("reads on where it stopped, also within a hunk", () => {
    const reader = new ChangeReader();
    for (let end = 0; end <= ROWS.length; end += 1) reader.extend(ROWS.slice(0, end));
    expect(reader.kinds).toEqual(kinds());
    expect(reader.counts.get(1)?.get("lab-01")?.added).toBe(2);
  });

  test("a hunk without lengths has one line on each side", () => {
    const rows = [...lines(null, "TASK [x] ***"), ...lines("a", "@@ -1 +1 @@", "-old", "+new", "-not a change")];
    expect(new ChangeReader().extend(rows).kinds).toEqual(["heading", "hunk", "removed", "added", "said"]);
  });
});

describe("changes only", () => {
  const shown = (vm: string | null) =>
    new LogView(vm, "", kinds()).extend(ROWS).shown.map((position) => {
      const row = ROWS[position];
      return row?.type === "line" ? plainText(row.text).replace(/ \*+$/, "") : `step ${row?.number ?? 0}`;
    });

  test("shows the changes with their tasks, and what failed", () => {
    expect(shown(null)).toEqual([
      "step 1",
      "TASK [nginx : Site]",
      "--- before: /etc/nginx/site.conf",
      "+++ after: /tmp/site.conf.j2",
      "@@ -1,3 +1,4 @@",
      " server {",
      "-  listen 80;",
      "+  listen 8080;",
      "+--- before you ask",
      " }",
      "\\ No newline at end of file",
      "changed: [lab-01]",
      "step 2",
      "TASK [Packages]",
      "The following NEW packages will be installed:",
      "  htop",
      "changed: [lab-01]",
      "TASK [Start]",
      "fatal: [lab-02]: FAILED! => ",
    ]);
  });

  test("of one machine, still with the tasks' names", () => {
    expect(shown("lab-02")).toEqual(["step 1", "step 2", "TASK [Start]", "fatal: [lab-02]: FAILED! => "]);
  });
});
