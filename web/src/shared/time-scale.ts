/** Where on a line a moment stands, and which moment stands at a place of it. */

export interface Stretch {
  from: number;
  to: number;
}

export interface TimeScale {
  /** 0 at the beginning, 1 at the end; what lies outside stands at the nearer end. */
  positionOf: (time: number) => number;
  timeAt: (position: number) => number;
}

/**
 * Between two events that are close together there is more to see than in the quiet weeks after: given `events`, each
 * gap between them is as long as the logarithm of its time. Without any the scale is even.
 */
export function timeScale({ from, to }: Stretch, events: readonly number[] = []): TimeScale {
  const inside = [...new Set(events)].filter((time) => time > from && time < to).sort((one, other) => one - other);
  const times = [from, ...inside, Math.max(to, from)];
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? from));
  const lengths = events.length === 0 ? gaps : gaps.map((gap) => 0.25 + Math.log1p(gap / 1000));
  const whole = lengths.reduce((sum, length) => sum + length, 0) || 1;
  const positions = [0];
  for (const length of lengths) positions.push((positions.at(-1) ?? 0) + length / whole);
  positions[positions.length - 1] = 1;
  return {
    positionOf: (time) => between(time, times, positions),
    timeAt: (position) => Math.round(between(position, positions, times)),
  };
}

/** The value that stands to `values` as `given` stands to `knots`; both rise. */
function between(given: number, knots: readonly number[], values: readonly number[]): number {
  const after = knots.findIndex((knot) => knot > given);
  if (after === -1) return values.at(-1) ?? 0;
  if (after === 0) return values[0] ?? 0;
  const [left = 0, right = 0] = [knots[after - 1], knots[after]];
  const [low = 0, high = 0] = [values[after - 1], values[after]];
  return low + ((given - left) / (right - left)) * (high - low);
}

/** The event at which a place of the line means to be: the nearest, if it is near enough to be meant. */
export function snapped(position: number, scale: TimeScale, events: readonly number[], reach: number): number {
  const time = scale.timeAt(position);
  let best = time;
  let distance = reach;
  for (const event of events) {
    const away = Math.abs(scale.positionOf(event) - position);
    if (away <= distance) [best, distance] = [event, away];
  }
  return best;
}

/** The last event before a moment, and the first after it; null where there is none. */
export function neighbours(at: number, events: readonly number[]): { before: number | null; after: number | null } {
  const before = events.filter((event) => event < at);
  const after = events.filter((event) => event > at);
  return {
    before: before.length === 0 ? null : Math.max(...before),
    after: after.length === 0 ? null : Math.min(...after),
  };
}

/** The first whole millisecond at which an event's effect is seen: its own time is finer than a browser's clock. */
export function momentAfter(time: string): number {
  return Date.parse(time) + 1;
}
