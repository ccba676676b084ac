/** The way back through the pool's past. */

import { NativeSelect } from "@mantine/core";
import { useMemo, useState } from "react";

import type { ActivityEntry } from "@/api/contract";
import { eventWords, type EventSpeech } from "@/features/monitor/event-words";
import { fromEntry, toneOf } from "@/features/monitor/happening";
import { useMachineEvents } from "@/features/monitor/queries";
import { useSpeech } from "@/shared/i18n/language";
import { useStepName } from "@/shared/step-names";
import { momentAfter } from "@/shared/time-scale";
import { TimeSlider, type TimeMark } from "@/shared/ui/TimeSlider";
import type { SetAt } from "@/shared/use-at";
import { useRoughNow } from "@/shared/use-now";

import { beginning, fitting, SPANS, type PoolSpan } from "./pool-span";

export function PoolTime({ at, onAt }: { at: number | null; onAt: SetAt }) {
  const { t, language } = useSpeech();
  const named = useStepName();
  const now = useRoughNow();
  const [chosen, choose] = useState<PoolSpan>("1h");
  const span = fitting(chosen, at, now);
  const from = beginning(span, now);
  const events = useMachineEvents(from).data;
  const marks = useMemo(
    () => (events ?? []).map((entry) => markOf(entry, { t, language, named })).filter(({ time }) => time > from),
    [events, from, t, language, named],
  );
  return (
    <TimeSlider
      label={t("past.pool")}
      from={from}
      to={now}
      at={at}
      onAt={onAt}
      marks={marks}
      stretched
      aside={
        <NativeSelect
          size="xs"
          value={span}
          aria-label={t("past.window")}
          data={SPANS.map((value) => ({ value, label: t(`machine.${value}`) }))}
          onChange={(event) => {
            const next = SPANS.find((one) => one === event.currentTarget.value) ?? "1h";
            choose(next);
            // A moment that the line no longer reaches is left.
            if (at !== null && at < beginning(next, now)) onAt(null);
          }}
        />
      }
    />
  );
}

function markOf(entry: ActivityEntry, speech: EventSpeech): TimeMark {
  const { sentence } = eventWords(fromEntry(entry), speech);
  const machine = entry.vm?.name ?? null;
  return {
    time: momentAfter(entry.time),
    label: machine === null ? sentence : `${machine}: ${sentence}`,
    tone: toneOf(entry.kind),
  };
}
