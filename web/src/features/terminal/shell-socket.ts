/** The protocol of `/ws/ssh/{vm}`: terminal bytes as binary frames, everything else as JSON text. */

export type ShellState =
  | { kind: "connecting" }
  | { kind: "ready" }
  | { kind: "needs-sign-in" }
  | { kind: "exited"; status: number | null }
  | { kind: "refused"; slug: string; detail: string }
  | { kind: "lost" };

type ServerMessage =
  | { type: "ready" }
  | { type: "exit"; status: number | null }
  | { type: "error"; slug: string; detail: string };

/** The server asks in this way for an account of the machine itself; every other error ends the conversation. */
const ASKS_FOR_SIGN_IN = "authentication-required";

export interface ShellEvents {
  onState: (state: ShellState) => void;
  onBytes: (bytes: Uint8Array) => void;
  /** Milliseconds between a key and the first byte that came back. */
  onResponse: (milliseconds: number) => void;
}

const OVER: ReadonlySet<ShellState["kind"]> = new Set(["exited", "refused"]);

export class ShellSocket {
  #state: ShellState = { kind: "connecting" };
  #wasOpen = false;
  #typedAt: number | null = null;
  readonly #socket: WebSocket;
  readonly #events: ShellEvents;
  readonly #encoder = new TextEncoder();

  constructor(socket: WebSocket, events: ShellEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) =>
      typeof data === "string" ? this.#told(JSON.parse(data) as ServerMessage) : this.#received(data);
    socket.onclose = () => {
      if (OVER.has(this.#state.kind)) return;
      // A handshake that is refused shows a browser no reason: not one's own machine, or none of this name.
      this.#become(this.#wasOpen ? { kind: "lost" } : { kind: "refused", slug: "terminal-refused", detail: "" });
    };
    socket.onopen = () => {
      this.#wasOpen = true;
    };
  }

  type(text: string): void {
    this.#typedAt ??= performance.now();
    this.#send(this.#encoder.encode(text));
  }

  typeBinary(text: string): void {
    this.#send(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  }

  resize(columns: number, rows: number): void {
    this.#send(JSON.stringify({ type: "resize", columns, rows }));
  }

  signIn(username: string, password: string): void {
    this.#become({ kind: "connecting" });
    this.#send(JSON.stringify({ type: "auth", username, password }));
  }

  close(): void {
    this.#socket.onclose = null;
    this.#socket.onmessage = null;
    this.#socket.close();
  }

  #received(data: ArrayBuffer): void {
    if (this.#typedAt !== null) {
      this.#events.onResponse(Math.round(performance.now() - this.#typedAt));
      this.#typedAt = null;
    }
    this.#events.onBytes(new Uint8Array(data));
  }

  #told(message: ServerMessage): void {
    switch (message.type) {
      case "ready":
        this.#become({ kind: "ready" });
        break;
      case "exit":
        this.#become({ kind: "exited", status: message.status });
        break;
      case "error":
        this.#become(
          message.slug === ASKS_FOR_SIGN_IN
            ? { kind: "needs-sign-in" }
            : { kind: "refused", slug: message.slug, detail: message.detail },
        );
    }
  }

  #become(state: ShellState): void {
    this.#state = state;
    this.#events.onState(state);
  }

  #send(frame: string | Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }
}
