import { describe, expect, test } from "vitest";

import { parseAnsi, plainText } from "@/features/provisioner/log/ansi";
import type { Row } from "@/features/provisioner/log/frames";
import { LogView } from "@/features/provisioner/log/log-view";
import { pieces } from "@/features/provisioner/log/pieces";

describe("colours in a line", () => {
  test("a plain line is one span", () => {
    expect(parseAnsi("ok")).toEqual([{ text: "ok" }]);
  });

  test("named, bright, 256 and true colours", () => {
    expect(parseAnsi("\u001b[0;32mok\u001b[0m!")).toEqual([{ text: "ok", color: "var(--ansi-2)" }, { text: "!" }]);
    expect(parseAnsi("\u001b[91mx")).toEqual([{ text: "x", color: "var(--ansi-9)" }]);
    expect(parseAnsi("\u001b[38;5;196mx")).toEqual([{ text: "x", color: "rgb(255 0 0)" }]);
    expect(parseAnsi("\u001b[48;2;1;2;3;1mx")).toEqual([{ text: "x", background: "rgb(1 2 3)", bold: true }]);
  });

  test("every other sequence and control character leaves no trace", () => {
    expect(parseAnsi("a\u001b[2Kb\u001b]0;title\u0007c\u0000\rd")).toEqual([{ text: "a" }, { text: "b" }, { text: "cd" }]);
    expect(plainText("\u001b[31mred\u001b[0m\u001b]8;;http://x\u001b\\link")).toBe("redlink");
  });
});

describe("what is shown of a log", () => {
  const rows: Row[] = [
    { seq: 1, type: "step", number: 1, name: "Prepare", status: "running" },
    { seq: 2, type: "line", time: "", vm: "a", text: "\u001b[32mHello\u001b[0m World" },
    { seq: 3, type: "line", time: "", vm: "b", text: "other" },
    { seq: 4, type: "line", time: "", vm: null, text: "hello again" },
  ];

  test("one machine's lines, with the steps", () => {
    expect(new LogView("b", "").extend(rows).shown).toEqual([0, 2]);
  });

  test("matches across colours, without regard to case, as positions among what is shown", () => {
    const view = new LogView(null, "hello").extend(rows);
    expect(view.matches).toEqual([1, 3]);
    expect(new LogView(null, "hello world").extend(rows).matches).toEqual([1]);
  });

  test("grows with the log", () => {
    const view = new LogView(null, "hello").extend(rows.slice(0, 2));
    expect(view.matches).toEqual([1]);
    expect(view.extend(rows).matches).toEqual([1, 3]);
    expect(view.shown).toHaveLength(4);
  });
});

test("a text is cut at its hits", () => {
  expect(pieces("aXbxc", "x")).toEqual([
    { text: "a", hit: false },
    { text: "X", hit: true },
    { text: "b", hit: false },
    { text: "x", hit: true },
    { text: "c", hit: false },
  ]);
});
