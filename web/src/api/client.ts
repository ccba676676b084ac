/** One typed client for all services behind the gateway. */

import createClient from "openapi-fetch";

import type { paths } from "./contract";
import { problemFrom, unreachable } from "./problem";
import { session } from "./session";

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: async (request) => {
    try {
      return await session.send(request);
    } catch (error) {
      throw error instanceof TypeError ? unreachable() : error;
    }
  },
});

interface Outcome<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The body of an answer, or the Problem that the service described. */
export async function answer<Data>(call: Promise<Outcome<Data>>): Promise<Data> {
  const { data, error, response } = await call;
  if (!response.ok) throw problemFrom(response.status, error);
  return data as Data;
}

/** The body with the version that it is of, which a change of it names as the one that it is based on. */
export interface Versioned<Data> {
  value: Data;
  version: string | null;
}

/** As `answer`, with the ETag. */
export async function versioned<Data>(call: Promise<Outcome<Data>>): Promise<Versioned<Data>> {
  const outcome = await call;
  return { value: await answer(Promise.resolve(outcome)), version: outcome.response.headers.get("ETag") };
}

/** A key that makes a repeated POST the same request. */
export function idempotencyKey(): string {
  // crypto.randomUUID is absent on plain http from another computer; getRandomValues is not.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

/** The address of a WebSocket with a fresh one-time ticket for exactly this target. */
export async function socketAddress(target: string, query: Record<string, string> = {}): Promise<string> {
  const { ticket } = await answer(api.POST("/api/ws-ticket", { body: { target } }));
  const parameters = new URLSearchParams({ ...query, ticket });
  return `${window.location.origin.replace(/^http/, "ws")}${target}?${parameters.toString()}`;
}
