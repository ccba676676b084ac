/** What is probably left of a run, told as the estimate that it is. */

import { Tooltip } from "@mantine/core";

import type { Progress } from "@/api/contract";
import { useSpeech } from "@/shared/i18n/language";
import { useNow } from "@/shared/use-now";

import { remainingWords } from "./progress";

export function Remaining({ progress, asked }: { progress: Progress; asked: number }) {
  const { t, language } = useSpeech();
  const now = useNow(progress.remaining_seconds !== null);
  const words = remainingWords(progress, { asked, now, t, language });
  if (words === null) return null;
  return (
    <Tooltip label={t("progress.estimate")}>
      <span className="figures">{words}</span>
    </Tooltip>
  );
}
