/** Labels of machines as people type them: `site=seoul`. */

export type Labels = Record<string, string>;

/** As the inventory allows them; a name of a label, an equals sign, a text in one line. */
const LABEL = /^([a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?)=(.{0,200})$/;

export function labelWords(labels: Labels | null | undefined): string[] {
  return Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort();
}

/** What the words say, and the first one that is no label. Of two with one name the later holds. */
export function readLabels(words: readonly string[]): { labels: Labels; bad: string | null } {
  const labels: Labels = {};
  for (const word of words) {
    const [, name, value] = LABEL.exec(word.trim()) ?? [];
    if (name === undefined || value === undefined) return { labels, bad: word };
    labels[name] = value;
  }
  return { labels, bad: null };
}
