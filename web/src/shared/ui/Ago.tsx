/** A moment, said relative to now and exactly on request. */

import { Tooltip } from "@mantine/core";

import { useSpeech } from "@/shared/i18n/language";
import { dateTime, relativeTime } from "@/shared/i18n/times";
import { useRoughNow } from "@/shared/use-now";

export function Ago({ time }: { time: string }) {
  const { language } = useSpeech();
  const now = useRoughNow();
  return (
    <Tooltip label={dateTime(time, language)}>
      <time dateTime={time}>{relativeTime(time, language, now)}</time>
    </Tooltip>
  );
}
