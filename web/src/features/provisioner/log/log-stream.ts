/** Keeps a log's WebSocket open, and after each loss resumes behind the last row that arrived. */

import { LogBuffer } from "./log-buffer";
import { parseFrame, type Frame, type StepFrame } from "./frames";

export type Connection = "connecting" | "live" | "reconnecting" | "ended";

export interface LogSnapshot {
  buffer: LogBuffer;
  connection: Connection;
  /** Grows with each change; the buffer itself stays the same object. */
  version: number;
}

/** The outside world: where the socket is, how one is opened, what time is. */
export interface LogStreamDoors {
  address: (after: number) => Promise<string>;
  open: (url: string) => WebSocket;
  later: (run: () => void, milliseconds: number) => void;
}

interface Listeners {
  onSteps: (steps: readonly StepFrame[]) => void;
  onEnd: () => void;
}

/** Frames are gathered this long before they are shown: a chatty play sends thousands a second. */
const GATHER_MS = 60;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

export class LogStream {
  #snapshot: LogSnapshot = { buffer: new LogBuffer(), connection: "connecting", version: 0 };
  #socket: WebSocket | null = null;
  #waiting: Frame[] = [];
  #flushing = false;
  #failures = 0;
  #stopped = true;
  /** Tells a socket of an earlier start that it is none of ours any more. */
  #generation = 0;
  readonly #subscribers = new Set<() => void>();
  readonly #doors: LogStreamDoors;
  readonly #listeners: Listeners;

  constructor(doors: LogStreamDoors, listeners: Listeners) {
    this.#doors = doors;
    this.#listeners = listeners;
  }

  readonly snapshot = (): LogSnapshot => this.#snapshot;

  readonly subscribe = (subscriber: () => void): (() => void) => {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  };

  start(): void {
    if (!this.#stopped && this.#snapshot.connection !== "ended") return;
    this.#stopped = false;
    this.#failures = 0;
    this.#change("connecting");
    void this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#generation += 1;
    this.#socket?.close();
    this.#socket = null;
  }

  async #connect(): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    this.#waiting = [];
    try {
      const url = await this.#doors.address(this.#snapshot.buffer.lastSeq);
      if (generation !== this.#generation) return;
      this.#listen(this.#doors.open(url), generation);
    } catch {
      if (generation === this.#generation) this.#connectLater();
    }
  }

  #listen(socket: WebSocket, generation: number): void {
    this.#socket = socket;
    const ours = () => generation === this.#generation;
    socket.onopen = () => {
      if (ours()) this.#change("live");
    };
    socket.onmessage = ({ data }) => {
      if (ours()) this.#gather(String(data));
    };
    socket.onclose = () => {
      if (!ours()) return;
      this.#flush();
      if (this.#snapshot.connection !== "ended" && ours()) this.#connectLater();
    };
  }

  #connectLater(): void {
    if (this.#stopped) return;
    this.#change("reconnecting");
    const generation = this.#generation;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#doors.later(() => {
      if (generation === this.#generation) void this.#connect();
    }, wait);
  }

  #gather(text: string): void {
    const frame = parseFrame(text);
    if (frame === null) return;
    this.#waiting.push(frame);
    if (this.#flushing) return;
    this.#flushing = true;
    this.#doors.later(() => this.#flush(), GATHER_MS);
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#waiting.length === 0 || this.#stopped) return;
    const { steps, ended, gap } = this.#snapshot.buffer.accept(this.#waiting);
    this.#waiting = [];
    this.#failures = 0;
    this.#change(ended ? "ended" : this.#snapshot.connection);
    if (steps.length > 0) this.#listeners.onSteps(steps);
    if (gap) this.#socket?.close();
    if (ended) {
      this.#socket?.close();
      this.#listeners.onEnd();
    }
  }

  #change(connection: Connection): void {
    this.#snapshot = { ...this.#snapshot, connection, version: this.#snapshot.version + 1 };
    this.#subscribers.forEach((subscriber) => subscriber());
  }
}
