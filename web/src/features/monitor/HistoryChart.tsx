/** A share over time as a line with its area; pointing at it, or the arrow keys, read single values. */

import { Text } from "@mantine/core";
import { useState, type KeyboardEvent, type PointerEvent } from "react";

import type { Span } from "@/api/contract";
import { useSpeech } from "@/shared/i18n/language";
import { clockTime, dateTime } from "@/shared/i18n/times";

import { areaPath, linePath, place, segments, type Point } from "./chart-geometry";
import classes from "./HistoryChart.module.css";

interface HistoryChartProps {
  metric: string;
  range: Span;
  points: readonly [string, number][];
}

export function HistoryChart({ metric, range, points }: HistoryChartProps) {
  const { t, language } = useSpeech();
  const [picked, setPicked] = useState<number | null>(null);
  const parsed: Point[] = points.map(([time, percent]) => ({ time: Date.parse(time), percent }));
  const first = parsed[0];
  const last = parsed.at(-1);
  if (first === undefined || last === undefined) {
    return (
      <Text size="sm" c="var(--text-soft)" py="xl" ta="center">
        {t("machine.noHistory")}
      </Text>
    );
  }
  const highest = Math.max(...parsed.map(({ percent }) => percent));
  const frame = { from: first.time, to: Math.max(last.time, first.time + 1) };
  const runs = segments(parsed);
  const shown = picked === null ? last : (parsed[picked] ?? last);
  const words = t("machine.chart", { metric, range: t(`machine.${range}`), now: Math.round(last.percent), highest: Math.round(highest) });
  const onPointerMove = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const time = frame.from + ((event.clientX - box.left) / box.width) * (frame.to - frame.from);
    setPicked(nearest(parsed, time));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const move = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (move !== 0) setPicked(Math.min(parsed.length - 1, Math.max(0, (picked ?? parsed.length - 1) + move)));
  };
  const at = place(shown, frame);
  return (
    <div>
      <p className={classes.reading} role="status">
        <b className="figures">{shown.percent.toFixed(1)}%</b>
        <span>{picked === null ? t("machine.now") : dateTime(shown.time, language)}</span>
        <span className={classes.highest}>
          {t("machine.highest")} <b className="figures">{Math.round(highest)}%</b>
        </span>
      </p>
      { }
      <svg
        className={classes.chart}
        viewBox="0 0 100 50"
        preserveAspectRatio="none"
        role="img"
        aria-label={words}
        tabIndex={0}
        onPointerMove={onPointerMove}
        onPointerLeave={() => setPicked(null)}
        onKeyDown={onKeyDown}
        onBlur={() => setPicked(null)}
      >
        {[0, 25, 50].map((y) => (
          <line key={y} className={classes.grid} x1={0} x2={100} y1={y} y2={y} />
        ))}
        {runs.map((run) => (
          <g key={run[0]?.time}>
            <path className={classes.area} d={areaPath(run, frame)} />
            <path className={classes.line} d={linePath(run, frame)} />
          </g>
        ))}
        {picked !== null && <line className={classes.cursor} x1={at.x} x2={at.x} y1={0} y2={50} />}
      </svg>
      <div className={classes.axis} aria-hidden>
        <span>{range === "1h" ? clockTime(frame.from, language) : dateTime(frame.from, language)}</span>
        <span>{range === "1h" ? clockTime(frame.to, language) : dateTime(frame.to, language)}</span>
      </div>
    </div>
  );
}

function nearest(points: readonly Point[], time: number): number {
  let best = 0;
  points.forEach((point, index) => {
    if (Math.abs(point.time - time) < Math.abs((points[best]?.time ?? 0) - time)) best = index;
  });
  return best;
}
