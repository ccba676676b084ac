/** Times and durations as the reader's language writes them. */

import type { Language } from "./format";

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** Making a formatter costs far more than using it, and a log asks for one a line. */
function onceForEach<Formatter>(make: (language: Language) => Formatter): (language: Language) => Formatter {
  const made = new Map<Language, Formatter>();
  return (language) => {
    const formatter = made.get(language) ?? make(language);
    made.set(language, formatter);
    return formatter;
  };
}

const relative = onceForEach((language) => new Intl.RelativeTimeFormat(language, { numeric: "auto" }));
const moment = onceForEach((language) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }));
const clock = onceForEach(
  (language) => new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }),
);

/** "3 minutes ago", "in 2 days". */
export function relativeTime(time: string, language: Language, now = Date.now()): string {
  const seconds = Math.round((Date.parse(time) - now) / 1000);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return relative(language).format(Math.trunc(seconds / size), unit);
}

export function dateTime(time: string | number, language: Language): string {
  return moment(language).format(new Date(time));
}

export function clockTime(time: string | number, language: Language): string {
  return clock(language).format(new Date(time));
}

/** "1 h 2 min", "3 min 5 s", "12 s": short enough for a table. */
export function duration(milliseconds: number, language: Language): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [h, m, s] = language === "ko" ? ["시간", "분", "초"] : [" h", " min", " s"];
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)}${h} ${Math.floor((seconds % 3600) / 60)}${m}`;
  if (seconds >= 60) return `${Math.floor(seconds / 60)}${m}${seconds % 60 === 0 ? "" : ` ${seconds % 60}${s}`}`;
  return `${seconds}${s}`;
}

/** A duration no finer than it can be known: 5 s below a minute, half a minute below ten, then minutes. */
export function roughDuration(milliseconds: number, language: Language): string {
  const grain = milliseconds < 60_000 ? 5_000 : milliseconds < 600_000 ? 30_000 : 60_000;
  return duration(Math.max(grain, Math.round(milliseconds / grain) * grain), language);
}
