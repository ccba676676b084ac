/** A text cut at the places where it matches a search. */

export function pieces(text: string, search: string): { text: string; hit: boolean }[] {
  const wanted = search.trim().toLowerCase();
  if (wanted === "") return [{ text, hit: false }];
  const lower = text.toLowerCase();
  const found: { text: string; hit: boolean }[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, from)) {
    if (at > from) found.push({ text: text.slice(from, at), hit: false });
    from = at + wanted.length;
    found.push({ text: text.slice(at, from), hit: true });
  }
  if (from < text.length) found.push({ text: text.slice(from), hit: false });
  return found;
}
