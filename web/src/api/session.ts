/** Who is signed in. The access token lives in this module's memory only; the refresh cookie outlives a reload. */

import type { Session, SignedInAccount } from "./contract";
import { problemFrom } from "./problem";

export type SessionState =
  | { kind: "restoring" }
  | { kind: "signed-out" }
  | { kind: "signed-in"; account: SignedInAccount };

/** Renewed this long before it ends, so that a request never leaves with a token about to expire. */
const MARGIN_MS = 30_000;

/** The outside world: how a request is sent, how the cookie is exchanged for a token, what time it is. */
export interface SessionDoors {
  send: (request: Request) => Promise<Response>;
  exchange: () => Promise<Response>;
  now: () => number;
  pause: (milliseconds: number) => Promise<void>;
  memory: SessionMemory;
}

/** Whether this browser may hold a refresh cookie, which no script can see: without one it need not be tried. */
export interface SessionMemory {
  mayHold: () => boolean;
  hold: (holds: boolean) => void;
}

const LONGEST_PAUSE_MS = 5_000;

export class SessionKeeper {
  #state: SessionState = { kind: "restoring" };
  #token = "";
  #expiresAt = 0;
  #refreshing: Promise<boolean> | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #doors: SessionDoors;

  constructor(doors: SessionDoors) {
    this.#doors = doors;
  }

  readonly state = (): SessionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  begin(session: Session): void {
    this.#token = session.access_token;
    this.#expiresAt = this.#doors.now() + session.expires_in * 1000;
    this.#doors.memory.hold(true);
    this.#set({ kind: "signed-in", account: session.account });
  }

  end(): void {
    this.#token = "";
    this.#expiresAt = 0;
    this.#doors.memory.hold(false);
    this.#set({ kind: "signed-out" });
  }

  /** At the start: is someone signed in? Asks until the platform answers, for silence is no sign-out. */
  async restore(): Promise<void> {
    if (!this.#doors.memory.mayHold()) {
      this.end();
      return;
    }
    for (let pause = 250; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        await this.refresh();
        return;
      } catch {
        await this.#doors.pause(pause);
      }
    }
  }

  /** A token good for the next request, or "" when nobody is signed in. */
  async token(): Promise<string> {
    if (this.#token !== "" && this.#expiresAt - this.#doors.now() < MARGIN_MS) await this.refresh();
    return this.#token;
  }

  /** Renews the token; calls that come meanwhile share the one request that is under way. */
  refresh(): Promise<boolean> {
    this.#refreshing ??= this.#exchangeCookie().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** Sends with the token; on a 401 renews it once and sends again. */
  async send(request: Request): Promise<Response> {
    const again = request.clone();
    const token = await this.token();
    const response = await this.#sendWith(request, token);
    if (response.status !== 401 || token === "" || (await refusesPassword(response))) return response;
    // Another request may have renewed it in the meantime: then only the sending is repeated.
    if (this.#token === token && !(await this.refresh())) return response;
    return this.#sendWith(again, this.#token);
  }

  #sendWith(request: Request, token: string): Promise<Response> {
    if (token !== "") request.headers.set("Authorization", `Bearer ${token}`);
    return this.#doors.send(request);
  }

  async #exchangeCookie(): Promise<boolean> {
    const response = await this.#doors.exchange();
    if (response.ok) {
      this.begin((await response.json()) as Session);
      return true;
    }
    if (response.status === 401 || response.status === 403) {
      this.end();
      return false;
    }
    throw problemFrom(response.status, await response.json().catch(() => null));
  }

  #set(state: SessionState): void {
    this.#state = state;
    this.#listeners.forEach((listener) => listener());
  }
}

/** A password that is wrong is no fault of the token: sending it again would only be another wrong one. */
async function refusesPassword(response: Response): Promise<boolean> {
  const body: unknown = await response.clone().json().catch(() => null);
  return problemFrom(response.status, body).slug === "invalid-credentials";
}

/** Tabs share one cookie whose value changes at each use: they take turns, where the browser has locks. */
function exchangeInTurn(): Promise<Response> {
  const send = () => fetch("/api/token/refresh", { method: "POST", credentials: "same-origin" });
  // navigator.locks is absent on plain http from another computer.
  const locks = navigator.locks as LockManager | undefined;
  return locks === undefined ? send() : locks.request("hcmp-refresh", send);
}

const MARK = "hcmp-signed-in";

const memory: SessionMemory = {
  mayHold: () => {
    try {
      return localStorage.getItem(MARK) !== null;
    } catch {
      // A browser that keeps nothing for scripts may still keep the cookie.
      return true;
    }
  },
  hold: (holds) => {
    try {
      if (holds) localStorage.setItem(MARK, "yes");
      else localStorage.removeItem(MARK);
    } catch {
      // Then mayHold() says yes, and the cookie is tried.
    }
  },
};

export const session = new SessionKeeper({
  send: (request) => fetch(request),
  exchange: exchangeInTurn,
  now: Date.now,
  pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  memory,
});
