/** Why a project waits in a few words, and in a sentence on request. */

import { Tooltip } from "@mantine/core";

import type { Waiting } from "@/api/contract";
import { useT } from "@/shared/i18n/language";

import { waitingSentence, waitingTitle } from "./waiting";

export function WaitingWords({ waiting }: { waiting: Waiting }) {
  const t = useT();
  return (
    <Tooltip label={waitingSentence(waiting, t)} multiline maw={340}>
      <span>
        {waitingTitle(waiting, t)}
        {waiting.shortfall !== null && ` (−${waiting.shortfall})`}
        <span className="visually-hidden">. {waitingSentence(waiting, t)}</span>
      </span>
    </Tooltip>
  );
}
