/** What a retry would do now, with the time for which that holds. */

import { Text } from "@mantine/core";

import type { Project } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { useNow } from "@/shared/use-now";

import { countdown, retryPromise, type RetryPromise } from "../hold";

export function useRetryPromise(project: Project): RetryPromise {
  return retryPromise(project, useNow(project.machines_held_until !== null));
}

export function RetryNote({ project }: { project: Project }) {
  const t = useT();
  const { step, milliseconds } = useRetryPromise(project);
  return (
    <Text size="sm" c="var(--text-soft)" component="div" role="timer" aria-live="off" className="figures">
      <b>{step === null ? t("retry.freshTitle") : t("retry.sameTitle", { number: step })}.</b>{" "}
      {step === null ? t("retry.fresh") : t("retry.same", { time: countdown(milliseconds) })}
    </Text>
  );
}
