/** From measurements to lines in a box of 100 × 50, where 100 % is the top. */

export interface Point {
  time: number;
  percent: number;
}

export interface Frame {
  from: number;
  to: number;
}

const HEIGHT = 50;

export function place(point: Point, frame: Frame): { x: number; y: number } {
  const x = ((point.time - frame.from) / (frame.to - frame.from)) * 100;
  const y = HEIGHT - (Math.min(100, Math.max(0, point.percent)) / 100) * HEIGHT;
  return { x: round(x), y: round(y) };
}

/** Cuts where measurements are missing: a line across a gap would tell of what nobody saw. */
export function segments(points: readonly Point[]): Point[][] {
  const usual = usualDistance(points);
  const runs: Point[][] = [];
  let before: Point | undefined;
  for (const point of points) {
    if (before === undefined || point.time - before.time > usual * 2.5) runs.push([]);
    runs.at(-1)?.push(point);
    before = point;
  }
  return runs;
}

export function linePath(run: readonly Point[], frame: Frame): string {
  return run
    .map((point, index) => {
      const { x, y } = place(point, frame);
      return `${index === 0 ? "M" : "L"}${x} ${y}`;
    })
    .join("");
}

export function areaPath(run: readonly Point[], frame: Frame): string {
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined) return "";
  return `${linePath(run, frame)}L${place(last, frame).x} ${HEIGHT}L${place(first, frame).x} ${HEIGHT}Z`;
}

function usualDistance(points: readonly Point[]): number {
  const distances = points.slice(1).map((point, index) => point.time - (points[index]?.time ?? point.time));
  return distances.toSorted((a, b) => a - b)[Math.floor(distances.length / 2)] ?? Infinity;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
