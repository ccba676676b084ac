/** What the services say when they refuse, as one kind of error that the screens can explain. */

import type { ProblemDocument } from "./contract";

export class Problem extends Error {
  readonly slug: string;
  readonly status: number;
  readonly detail: string;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(document: ProblemDocument) {
    super(document.title);
    this.name = "Problem";
    this.slug = document.type.split(/[/:]/).at(-1) ?? document.type;
    this.status = document.status;
    this.detail = document.detail ?? "";
    this.fields = document;
  }
}

/** The answer never came: no network, the gateway is gone, or the service behind it is. */
export function unreachable(): Problem {
  return new Problem({ type: "unreachable", title: "No answer", status: 0 });
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) return unreachable();
  return new Problem({ type: "unexpected", title: String(error), status: 0 });
}

/** Reads a refusal's body; a gateway that answers in HTML or not at all still becomes a Problem. */
export function problemFrom(status: number, body: unknown): Problem {
  if (isProblemDocument(body)) return new Problem({ ...body, status });
  const slug = status >= 502 && status <= 504 ? "unreachable" : "unexpected";
  return new Problem({ type: slug, title: `HTTP ${status}`, status });
}

function isProblemDocument(body: unknown): body is ProblemDocument {
  return typeof body === "object" && body !== null && "type" in body && "title" in body;
}

/** Whether to ask again after so many failures: a refusal stays one, only silence is worth it. */
export function onlySilence(failures: number, error: unknown): boolean {
  return asProblem(error).slug === "unreachable" && failures < 2;
}
