/** A line of time to go back on, with a mark for each event; its right end is now. */

import { ActionIcon, Button, Group, Text, Tooltip } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconChevronLeft, IconChevronRight, IconHistory } from "@tabler/icons-react";
import { useMemo, useState, type ReactNode } from "react";

import { useSpeech } from "@/shared/i18n/language";
import { dateTime } from "@/shared/i18n/times";
import { neighbours, snapped, timeScale, type TimeScale } from "@/shared/time-scale";

import type { Tone } from "./states";
import classes from "./TimeSlider.module.css";

export interface TimeMark {
  time: number;
  label: string;
  tone: Tone;
}

/** From then on, until the next one begins, things stood so. */
export interface TimePhase {
  from: number;
  tone: Tone;
}

interface TimeSliderProps {
  label: string;
  from: number;
  to: number;
  at: number | null;
  onAt: (at: number | null) => void;
  /** Oldest first. */
  marks: readonly TimeMark[];
  phases?: readonly TimePhase[];
  /** Whether busy times are drawn longer than quiet ones. */
  stretched?: boolean;
  aside?: ReactNode;
}

const PLACES = 1000;
const REACH = 0.008;
const SETTLE_MS = 120;

export function TimeSlider(props: TimeSliderProps) {
  const { t, language } = useSpeech();
  const { from, to, at, onAt, marks, stretched = false } = props;
  const [held, hold] = useState<number | null>(null);
  const moments = useMemo(() => marks.map(({ time }) => time), [marks]);
  const scale = useMemo(() => timeScale({ from, to }, stretched ? moments : []), [from, to, stretched, moments]);
  const settle = useDebouncedCallback((moment: number | null) => {
    onAt(moment);
    hold(null);
  }, SETTLE_MS);
  const place = held ?? (at === null ? PLACES : Math.round(scale.positionOf(at) * PLACES));
  const momentAt = (where: number) => (where >= PLACES ? null : snapped(where / PLACES, scale, moments, REACH));
  const shown = held === null ? at : momentAt(held);
  const near = neighbours(shown ?? Number.POSITIVE_INFINITY, moments);
  const last = marks.findLast(({ time }) => shown === null || time <= shown);
  const words = shown === null ? t("past.now") : dateTime(shown, language);
  return (
    <section className={classes.bar} aria-label={props.label}>
      <Group gap={2} wrap="nowrap">
        <IconHistory size={17} aria-hidden className={classes.sign} />
        <Jump label={t("past.previous")} icon={<IconChevronLeft size={17} />} to={near.before} onAt={onAt} />
        <Jump label={t("past.next")} icon={<IconChevronRight size={17} />} to={near.after} onAt={onAt} />
      </Group>
      <div className={classes.line}>
        <Track scale={scale} {...props} />
        <input
          type="range"
          className={classes.input}
          min={0}
          max={PLACES}
          step={2}
          value={place}
          aria-label={props.label}
          aria-valuetext={last === undefined ? words : `${words}. ${last.label}`}
          onChange={(event) => {
            const next = Number(event.currentTarget.value);
            hold(next);
            settle(momentAt(next));
          }}
        />
      </div>
      <div className={classes.words}>
        <Text size="xs" fw={600} className="figures">
          {words}
        </Text>
        <Text size="xs" c="var(--text-soft)" truncate>
          {last?.label ?? "\u00a0"}
        </Text>
      </div>
      <Group gap="xs" wrap="nowrap">
        {props.aside}
        <Button size="compact-xs" variant="default" disabled={shown === null} onClick={() => onAt(null)}>
          {t("past.now")}
        </Button>
      </Group>
    </section>
  );
}

function Track({ scale, marks, phases = [], to }: TimeSliderProps & { scale: TimeScale }) {
  const percent = (time: number) => `${(scale.positionOf(time) * 100).toFixed(2)}%`;
  return (
    <div className={classes.track} aria-hidden>
      {phases.map((phase, index) => (
        <span
          key={phase.from}
          className={classes.phase}
          data-tone={phase.tone}
          style={{ left: percent(phase.from), right: `calc(100% - ${percent(phases[index + 1]?.from ?? to)})` }}
        />
      ))}
      {marks.map(({ time, tone }, index) => (
        <span key={`${time} ${index}`} className={classes.mark} data-tone={tone} style={{ left: percent(time) }} />
      ))}
    </div>
  );
}

function Jump({ label, icon, to, onAt }: { label: string; icon: ReactNode; to: number | null; onAt: (at: number) => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="sm" className={classes.jump} aria-label={label} disabled={to === null} onClick={() => to !== null && onAt(to)}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
