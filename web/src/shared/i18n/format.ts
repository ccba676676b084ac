/** Messages are strings with `{name}` for a value and `{name|one|other}` for a word that follows its number. */

export type Language = "en" | "ko";
export type Values = Record<string, string | number>;

/** The names of the values that a message needs, read from its text by the type checker. */
export type Needs<Text extends string> = Text extends `${string}{${infer Inner}}${infer Rest}`
  ? NameOf<Inner> | Needs<Rest>
  : never;
type NameOf<Inner extends string> = Inner extends `${infer Name}|${string}` ? Name : Inner;

export function fill(text: string, values: Values, language: Language): string {
  return text.replace(/\{([^{}]+)\}/g, (_, inner: string) => {
    const [name = "", one, other] = inner.split("|");
    const value = values[name];
    if (value === undefined) return `{${name}}`;
    if (one === undefined || other === undefined) {
      return typeof value === "number" ? value.toLocaleString(language) : value;
    }
    return new Intl.PluralRules(language).select(Number(value)) === "one" ? one : other;
  });
}

/** The reader's language: their choice, else the first of the browser's that we speak. */
export function preferredLanguage(stored: string | null, browser: readonly string[]): Language {
  if (stored === "en" || stored === "ko") return stored;
  for (const tag of browser) {
    const language = tag.slice(0, 2).toLowerCase();
    if (language === "en" || language === "ko") return language;
  }
  return "en";
}
