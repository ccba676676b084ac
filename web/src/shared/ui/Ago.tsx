/** A moment, said relative to now and exactly on request. */

import { Tooltip } from "@mantine/core";

import { useSpeech } from "@/shared/i18n/language";
import { dateTime, relativeTime } from "@/shared/i18n/times";

export function Ago({ time }: { time: string }) {
  const { language } = useSpeech();
  return (
    <Tooltip label={dateTime(time, language)}>
      <time dateTime={time}>{relativeTime(time, language)}</time>
    </Tooltip>
  );
}
