/** A Problem in the reader's language: what happened and what to try. */

import type { Cause } from "@/api/contract";
import { asProblem, Problem } from "@/api/problem";
import { asRecord, causesSaid, spoken } from "@/shared/i18n/cause-words";
import type { Language } from "@/shared/i18n/format";
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
  const known = spoken(`problem.${problem.slug}`, language);
  const advice = spoken(`problem.${problem.slug}.try`, language);
  const figures = causesSaid(problem.fields.causes, language) ?? figuresOf(problem, language);
  const ofVcenter = problem.slug.startsWith("vcenter-");
  const said = known === null || ofVcenter || FACTUAL.has(problem.slug) ? problem.detail : "";
  // In English the service's own words already say what to try, but of vCenter.
  const enough = language === "en" && figures === null && said !== "" && !ofVcenter;
  return {
    title: known ?? problem.message,
    body: [figures ?? said, enough ? "" : (advice ?? "")].filter((part) => part !== "").join(" "),
  };
}

/** A Problem that is told beside others, or with a good answer. */
export function causedWords({ type, detail, causes }: { type: string; detail: string; causes: readonly Cause[] }, language: Language): ProblemWords {
  return problemWords(new Problem({ type, title: detail, detail, status: 0, causes }), language);
}

/** Why something is so, by its causes, or in the service's words where they are not known. */
export function reasonWords(reason: string, causes: unknown, language: Language): string {
  return causesSaid(causes, language) ?? reason;
}

/** Why each of several things failed, by its name, where a problem is about more than one. */
export function failuresOf(error: unknown, language: Language): [name: string, reason: string][] {
  const { failures, failure_causes: causes } = asProblem(error).fields;
  return Object.entries(asRecord(failures)).flatMap(([name, reason]) =>
    typeof reason === "string" ? [[name, reasonWords(reason, asRecord(causes)[name], language)]] : [],
  );
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
