import { describe, expect, test } from "vitest";

import type { Session } from "@/api/contract";
import { SessionKeeper } from "@/api/session";

const opened = (token: string): Session => ({
  access_token: token,
  token_type: "bearer",
  expires_in: 900,
  account: { id: "1", username: "ada", role: "user", status: "active" },
});

const refusal = () => Response.json({ type: "invalid-token", title: "No", status: 401 }, { status: 401 });

function keeper(answers: { exchange?: (() => Response | Promise<Response>)[]; send?: (token: string | null) => Response } = {}) {
  const seen = { exchanges: 0, sent: [] as (string | null)[], pauses: 0 };
  const clock = { now: 0 };
  const mark = { held: true };
  const session = new SessionKeeper({
    exchange: async () => {
      seen.exchanges += 1;
      const next = answers.exchange?.[seen.exchanges - 1];
      return next === undefined ? refusal() : next();
    },
    send: (request) => {
      const token = request.headers.get("Authorization")?.replace("Bearer ", "") ?? null;
      seen.sent.push(token);
      return Promise.resolve(answers.send?.(token) ?? Response.json({}));
    },
    now: () => clock.now,
    pause: () => {
      seen.pauses += 1;
      return Promise.resolve();
    },
    memory: {
      mayHold: () => mark.held,
      hold: (holds) => {
        mark.held = holds;
      },
    },
  });
  return { session, seen, clock, mark };
}

const request = (body?: string) => new Request("http://x/api/projects", body === undefined ? {} : { method: "POST", body });

describe("the session", () => {
  test("is restored from the cookie", async () => {
    const { session } = keeper({ exchange: [() => Response.json(opened("t1"))] });
    expect(session.state().kind).toBe("restoring");
    await session.restore();
    expect(session.state()).toMatchObject({ kind: "signed-in", account: { username: "ada" } });
  });

  test("a refused cookie means signed out", async () => {
    const { session } = keeper();
    await session.restore();
    expect(session.state().kind).toBe("signed-out");
  });

  test("a browser that never signed in, or signed out, is not asked for a cookie", async () => {
    const { session, seen, mark } = keeper();
    session.begin(opened("t1"));
    expect(mark.held).toBe(true);
    session.end();
    await session.restore();
    expect(session.state().kind).toBe("signed-out");
    expect(seen.exchanges).toBe(0);
  });

  test("silence at the start is no sign-out: it asks again", async () => {
    const gone = () => {
      throw new TypeError("network");
    };
    const { session, seen } = keeper({
      exchange: [gone, () => new Response("bad gateway", { status: 502 }), () => Response.json(opened("t1"))],
    });
    await session.restore();
    expect(session.state().kind).toBe("signed-in");
    expect(seen.pauses).toBe(2);
  });

  test("requests that meet a 401 together renew the token once, and are sent again with it", async () => {
    const { session, seen } = keeper({
      exchange: [() => Response.json(opened("new"))],
      send: (token) => (token === "new" ? Response.json({}) : refusal()),
    });
    session.begin(opened("old"));
    const answers = await Promise.all([session.send(request()), session.send(request()), session.send(request("order"))]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(seen.exchanges).toBe(1);
  });

  test("a second 401 is final", async () => {
    const { session, seen } = keeper({ exchange: [() => Response.json(opened("new"))], send: refusal });
    session.begin(opened("old"));
    expect((await session.send(request())).status).toBe(401);
    expect(seen.sent).toEqual(["old", "new"]);
  });

  test("when the cookie is refused too, the session has ended", async () => {
    const { session } = keeper({ send: refusal });
    session.begin(opened("old"));
    expect((await session.send(request())).status).toBe(401);
    expect(session.state().kind).toBe("signed-out");
  });

  test("a token about to expire is renewed before it is used", async () => {
    const { session, seen, clock } = keeper({ exchange: [() => Response.json(opened("new"))] });
    session.begin(opened("old"));
    clock.now = 880_000;
    await session.send(request());
    expect(seen.sent).toEqual(["new"]);
  });

  test("a wrong password at sign-in asks for no renewal", async () => {
    const { session, seen } = keeper({ send: refusal });
    session.end();
    expect((await session.send(request("password"))).status).toBe(401);
    expect(seen.exchanges).toBe(0);
  });

  test("a wrong password, asked for again while signed in, is sent once and asks for no renewal", async () => {
    const wrong = () => Response.json({ type: "invalid-credentials", title: "No", status: 401 }, { status: 401 });
    const { session, seen } = keeper({ send: wrong });
    session.begin(opened("t1"));
    const answer = await session.send(request("password"));
    expect(await answer.json()).toMatchObject({ type: "invalid-credentials" });
    expect(seen).toMatchObject({ exchanges: 0, sent: ["t1"] });
  });
});
