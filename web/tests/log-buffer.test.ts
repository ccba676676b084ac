import { describe, expect, test } from "vitest";

import { parseFrame, type LineFrame, type StepFrame } from "@/features/provisioner/log/frames";
import { LogBuffer } from "@/features/provisioner/log/log-buffer";

const line = (seq: number, vm: string | null = null): LineFrame => ({ seq, type: "line", time: "2026-11-23T10:00:00Z", vm, text: `line ${seq}` });
const step = (seq: number): StepFrame => ({ seq, type: "step", number: 1, name: "Prepare", status: "running" });
const numbers = (buffer: LogBuffer) => buffer.rows.map(({ seq }) => seq);

describe("the log's buffer", () => {
  test("keeps rows in order and remembers the last number", () => {
    const buffer = new LogBuffer();
    buffer.accept([line(1), step(2), line(3)]);
    expect(numbers(buffer)).toEqual([1, 2, 3]);
    expect(buffer.lastSeq).toBe(3);
  });

  test("drops what arrives a second time", () => {
    const buffer = new LogBuffer();
    buffer.accept([line(1), line(2)]);
    buffer.accept([line(1), line(2), line(3)]);
    expect(numbers(buffer)).toEqual([1, 2, 3]);
  });

  test("stops before a gap and says so", () => {
    const buffer = new LogBuffer();
    buffer.accept([line(1)]);
    expect(buffer.accept([line(3), line(4)]).gap).toBe(true);
    expect(numbers(buffer)).toEqual([1]);
    buffer.accept([line(2), line(3), line(4)]);
    expect(numbers(buffer)).toEqual([1, 2, 3, 4]);
  });

  test("goes on behind a gap that stays: those rows are kept no longer", () => {
    const buffer = new LogBuffer();
    buffer.accept([line(1)]);
    buffer.accept([line(5)]);
    expect(buffer.accept([line(5), line(6)]).gap).toBe(false);
    expect(numbers(buffer)).toEqual([1, 5, 6]);
  });

  test("a log whose beginning is gone starts where it starts", () => {
    const buffer = new LogBuffer();
    expect(buffer.accept([line(900), line(901)]).gap).toBe(false);
    expect(numbers(buffer)).toEqual([900, 901]);
  });

  test("tells of steps once, and of the end", () => {
    const buffer = new LogBuffer();
    const accepted = buffer.accept([step(1), line(2), { type: "end", status: "completed" }]);
    expect(accepted.steps.map(({ seq }) => seq)).toEqual([1]);
    expect(accepted.ended).toBe(true);
    expect(buffer.accept([step(1)]).steps).toEqual([]);
  });

  test("learns the machines that speak", () => {
    const buffer = new LogBuffer();
    buffer.accept([line(1, "a"), line(2), line(3, "b"), line(4, "a")]);
    expect(buffer.vms).toEqual(["a", "b"]);
  });
});

test("a frame of an unknown kind is passed over", () => {
  expect(parseFrame('{"type": "weather"}')).toBeNull();
  expect(parseFrame('{"type": "end", "status": "completed"}')).toEqual({ type: "end", status: "completed" });
});
