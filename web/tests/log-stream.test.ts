import { beforeEach, describe, expect, test, vi } from "vitest";

import { LogStream, type LogStreamDoors } from "@/features/provisioner/log/log-stream";

/** A socket that the test opens, feeds and drops. */
class WireEnd {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.onclose?.();
  }

  send(...frames: object[]): void {
    frames.forEach((frame) => this.onmessage?.({ data: JSON.stringify(frame) }));
  }
}

const line = (seq: number) => ({ seq, type: "line", time: "2026-11-23T10:00:00Z", vm: "a", text: `line ${seq}` });
const END = { type: "end", status: "completed" };

function opened() {
  const wires: WireEnd[] = [];
  const asked: number[] = [];
  const doors: LogStreamDoors = {
    address: (after) => {
      asked.push(after);
      return Promise.resolve("ws://x");
    },
    open: () => {
      const wire = new WireEnd();
      wires.push(wire);
      return wire as unknown as WebSocket;
    },
    later: (run, milliseconds) => void setTimeout(run, milliseconds),
  };
  const told = { steps: 0, ends: 0 };
  const stream = new LogStream(doors, { onSteps: (steps) => (told.steps += steps.length), onEnd: () => (told.ends += 1) });
  const wire = (index: number) => {
    const found = wires[index];
    if (found === undefined) throw new Error(`no socket ${index} was opened`);
    return found;
  };
  const numbers = () => stream.snapshot().buffer.rows.map(({ seq }) => seq);
  return { stream, wires, wire, asked, told, numbers };
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe("the log's stream", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  test("begins at the beginning and shows what comes", async () => {
    const { stream, wire, asked, numbers } = opened();
    stream.start();
    await pass(0);
    expect(asked).toEqual([0]);
    expect(stream.snapshot().connection).toBe("connecting");
    wire(0).onopen?.();
    expect(stream.snapshot().connection).toBe("live");
    wire(0).send(line(1), line(2));
    await pass(100);
    expect(numbers()).toEqual([1, 2]);
  });

  test("resumes behind the last row after a loss, without gap or repeat", async () => {
    const { stream, wire, asked, numbers } = opened();
    stream.start();
    await pass(0);
    wire(0).send(line(1), line(2), line(3));
    wire(0).close();
    expect(stream.snapshot().connection).toBe("reconnecting");
    await pass(600);
    expect(asked).toEqual([0, 3]);
    wire(1).onopen?.();
    wire(1).send(line(3), line(4));
    await pass(100);
    expect(numbers()).toEqual([1, 2, 3, 4]);
    expect(stream.snapshot().connection).toBe("live");
  });

  test("asks again where a number is missing", async () => {
    const { stream, wire, asked, numbers } = opened();
    stream.start();
    await pass(0);
    wire(0).send(line(1), line(3));
    await pass(100);
    expect(numbers()).toEqual([1]);
    await pass(600);
    expect(asked).toEqual([0, 1]);
    wire(1).send(line(2), line(3));
    await pass(100);
    expect(numbers()).toEqual([1, 2, 3]);
  });

  test("waits longer after each failure, and starts over once something arrives", async () => {
    const { stream, wire, asked } = opened();
    stream.start();
    await pass(0);
    wire(0).close();
    await pass(500);
    wire(1).close();
    await pass(500);
    expect(asked).toHaveLength(2);
    await pass(500);
    expect(asked).toHaveLength(3);
    wire(2).send(line(1));
    await pass(100);
    wire(2).close();
    await pass(500);
    expect(asked).toHaveLength(4);
  });

  test("the end closes the socket for good", async () => {
    const { stream, wire, asked, told } = opened();
    stream.start();
    await pass(0);
    wire(0).send(line(1), { seq: 2, type: "step", number: 1, name: "x", status: "succeeded" }, END);
    await pass(100);
    expect(stream.snapshot().connection).toBe("ended");
    expect(wire(0).closed).toBe(true);
    expect(told).toEqual({ steps: 1, ends: 1 });
    await pass(60_000);
    expect(asked).toEqual([0]);
  });

  test("an end that comes just before the socket closes still counts", async () => {
    const { stream, wire, asked } = opened();
    stream.start();
    await pass(0);
    wire(0).send(line(1), END);
    wire(0).close();
    expect(stream.snapshot().connection).toBe("ended");
    await pass(60_000);
    expect(asked).toEqual([0]);
  });

  test("a retried project goes on behind what is shown", async () => {
    const { stream, wire, asked, numbers } = opened();
    stream.start();
    await pass(0);
    wire(0).send(line(1), END);
    await pass(100);
    stream.start();
    await pass(0);
    expect(asked).toEqual([0, 1]);
    wire(1).send(line(2));
    await pass(100);
    expect(numbers()).toEqual([1, 2]);
  });

  test("a stopped stream stays silent, and can start again", async () => {
    const { stream, wire, asked } = opened();
    stream.start();
    await pass(0);
    stream.stop();
    await pass(60_000);
    expect(wire(0).closed).toBe(true);
    expect(asked).toEqual([0]);
    stream.start();
    await pass(0);
    expect(asked).toEqual([0, 0]);
  });
});
