/** A Problem in the reader's language: what happened and what to try. */

import { asProblem, Problem } from "@/api/problem";
import { catalogue, isMessageKey } from "@/shared/i18n/catalogue";
import { fill, type Language } from "@/shared/i18n/format";
import { translator } from "@/shared/i18n/language";
import { dateTime } from "@/shared/i18n/times";

export interface ProblemWords {
  title: string;
  body: string;
}

/** Problems whose detail holds facts that no sentence of ours can: which address, which field, which name. */
const FACTUAL: ReadonlySet<string> = new Set([
  "malformed-request",
  "vm-unreachable",
  "address-refused",
  "credential-refused",
  "vm-name-taken",
  "malformed-row",
  "unreadable-list",
  "invalid-variable",
  "too-many-attempts",
]);

export function problemWords(error: unknown, language: Language): ProblemWords {
  const problem = asProblem(error);
  if (problem.slug.startsWith("vcenter-")) return vcenterWords(problem.slug, problem.detail, language);
  const known = spoken(`problem.${problem.slug}`, language);
  const advice = spoken(`problem.${problem.slug}.try`, language);
  const figures = figuresOf(problem, language);
  const said = known === null || FACTUAL.has(problem.slug) ? problem.detail : "";
  return {
    title: known ?? problem.message,
    // In English the service's own words already say what to try.
    body: language === "en" && said !== "" ? said : [figures ?? said, advice ?? ""].filter((part) => part !== "").join(" "),
  };
}

interface Cause {
  slug: string;
  facts?: Readonly<Partial<Record<string, string | number>>>;
}

/** A Problem whose facts are told by slug: in the reader's language, or in the service's words if one is not known. */
export function causedWords({ type, detail, causes }: { type: string; detail: string; causes: readonly Cause[] }, language: Language): ProblemWords {
  const said = causes.map((cause) => causeWords(cause, language));
  const words = problemWords(new Problem({ type, title: detail, detail, status: 0 }), language);
  if (said.length === 0 || said.includes(null)) return words;
  return { ...words, body: [...said, spoken(`problem.${type}.try`, language)].filter((part) => part !== null).join(" ") };
}

function causeWords({ slug, facts = {} }: Cause, language: Language): string | null {
  const text = spoken(`cause.${slug}.${facts.column ?? ""}`, language) ?? spoken(`cause.${slug}`, language);
  // As strings: a port is a name, not a quantity whose thousands are set apart.
  return text === null ? null : fill(text, Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, String(value)])), language);
}

/** Why each of several things failed, by its name, where a problem is about more than one. */
export function failuresOf(error: unknown): [name: string, reason: string][] {
  const { failures } = asProblem(error).fields;
  if (typeof failures !== "object" || failures === null || Array.isArray(failures)) return [];
  return Object.entries(failures as Record<string, unknown>).flatMap(([name, reason]) => (typeof reason === "string" ? [[name, reason]] : []));
}

/** What is wrong with vCenter: our words for the kind, the service's for the facts of the case. */
export function vcenterWords(slug: string, detail: string, language: Language): ProblemWords {
  return { title: spoken(`problem.${slug}`, language) ?? detail, body: [detail, spoken(`problem.${slug}.try`, language) ?? ""].join(" ") };
}

function spoken(key: string, language: Language): string | null {
  return isMessageKey(key) ? catalogue[key][language === "en" ? 0 : 1] : null;
}

/** Some problems bring their figures as fields, which every language can say. */
function figuresOf({ slug, fields }: Problem, language: Language): string | null {
  const t = translator(language);
  const { needed, available, used, quota, resource, latest } = fields;
  if (typeof needed === "number" && typeof available === "number") return t("figures.capacity", { needed, available });
  if (slug === "quota-exceeded" && typeof used === "number" && typeof quota === "number") {
    return t(resource === "runs" ? "figures.quota.runs" : "figures.quota.machines", {
      used,
      quota,
      needed: typeof needed === "number" ? needed : 0,
    });
  }
  return slug === "lease-limit" && typeof latest === "string" ? t("figures.lease", { time: dateTime(latest, language) }) : null;
}
