/** Causes, which services tell by slug and facts, as sentences in the reader's language. */

import { catalogue, isMessageKey } from "./catalogue";
import { fill, type Language } from "./format";

/** The sentences, one after another; null where there are none, or one of them is not known here. */
export function causesSaid(causes: unknown, language: Language): string | null {
  if (!Array.isArray(causes) || causes.length === 0) return null;
  const said = causes.map((cause: unknown) => causeSaid(cause, language));
  return said.includes(null) ? null : said.join(" ");
}

function causeSaid(cause: unknown, language: Language): string | null {
  const { slug, facts } = asRecord(cause);
  const { pattern, ...values } = asRecord(facts);
  const text = spoken(`cause.${String(slug)}.${String(pattern)}`, language) ?? spoken(`cause.${String(slug)}`, language);
  return text === null ? null : fill(text, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, word(name, value, language)])), language);
}

/** As strings: a port is a name, not a quantity whose thousands are set apart. */
function word(name: string, value: unknown, language: Language): string {
  return (name === "kind" ? spoken(`kind.${String(value)}`, language) : null) ?? String(value);
}

export function spoken(key: string, language: Language): string | null {
  return isMessageKey(key) ? catalogue[key][language === "en" ? 0 : 1] : null;
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
