/** A Problem in the reader's language: what happened and what to try. */

import { asProblem } from "@/api/problem";
import { catalogue, isMessageKey } from "@/shared/i18n/catalogue";
import type { Language } from "@/shared/i18n/format";

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
  "import-incomplete",
  "invalid-variable",
  "too-many-attempts",
]);

export function problemWords(error: unknown, language: Language): ProblemWords {
  const problem = asProblem(error);
  const known = spoken(`problem.${problem.slug}`, language);
  const advice = spoken(`problem.${problem.slug}.try`, language);
  const figures = capacity(problem.fields, language);
  const said = known === null || FACTUAL.has(problem.slug) ? problem.detail : "";
  return {
    title: known ?? problem.message,
    // In English the service's own words already say what to try.
    body: language === "en" && said !== "" ? said : [figures ?? said, advice ?? ""].filter((part) => part !== "").join(" "),
  };
}

function spoken(key: string, language: Language): string | null {
  return isMessageKey(key) ? catalogue[key][language === "en" ? 0 : 1] : null;
}

/** `insufficient-capacity` brings its figures as fields, which every language can say. */
function capacity(fields: Readonly<Record<string, unknown>>, language: Language): string | null {
  const { needed, available } = fields;
  if (typeof needed !== "number" || typeof available !== "number") return null;
  return language === "ko"
    ? `${needed}대가 필요하지만 ${available}대만 사용할 수 있습니다.`
    : `${needed} needed, ${available} free.`;
}
