/** A moment, said relative to now and exactly on request. */

import { Tooltip } from "@mantine/core";

import { useSpeech } from "@/shared/i18n/language";
import { dateTime, relativeTime } from "@/shared/i18n/times";
import { useRoughNow } from "@/shared/use-now";

export function Ago({ time }: { time: string }) {
  const { language } = useSpeech();
  const now = notBefore(Date.parse(time), useRoughNow());
  return (
    <Tooltip label={dateTime(time, language)}>
      <time dateTime={time}>{relativeTime(time, language, now)}</time>
    </Tooltip>
  );
}

/** What has just happened is not still to come, only because the common moment is a few seconds old. */
function notBefore(moment: number, now: number): number {
  return moment - now < 10_000 ? Math.max(moment, now) : now;
}
