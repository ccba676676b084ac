/** How far back the pool's line of time reaches. */

const HOUR = 3_600_000;

const lengths = { "1h": HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR, "30d": 720 * HOUR } as const;

export type PoolSpan = keyof typeof lengths;

export const SPANS: readonly PoolSpan[] = ["1h", "24h", "7d", "30d"];

const MINUTE = 60_000;

/** Moves on by whole minutes, so that what is asked for stays the same in between. */
export function beginning(span: PoolSpan, now: number): number {
  return Math.floor(now / MINUTE) * MINUTE - lengths[span];
}

/** The chosen span, or a longer one if a shared address leads further back. */
export function fitting(chosen: PoolSpan, at: number | null, now: number): PoolSpan {
  if (at === null || at >= beginning(chosen, now)) return chosen;
  return SPANS.find((span) => at >= beginning(span, now)) ?? "30d";
}
