/** The way back through the project's life. */

import { Skeleton } from "@mantine/core";
import { useMemo } from "react";

import type { Project } from "@/api/contract";
import { eventWords } from "@/features/monitor/event-words";
import { fromEvent } from "@/features/monitor/happening";
import { useSpeech } from "@/shared/i18n/language";
import { useStepName } from "@/shared/step-names";
import { TimeSlider } from "@/shared/ui/TimeSlider";
import type { SetAt } from "@/shared/use-at";
import { useRoughNow } from "@/shared/use-now";

import { useProjectEvents } from "../queries";
import { lifeOf } from "./life";

const NOBODY: ReadonlyMap<string, string> = new Map();

export function ProjectTime({ project, at, onAt }: { project: Project; at: number | null; onAt: SetAt }) {
  const { t, language } = useSpeech();
  const named = useStepName();
  const now = useRoughNow();
  const events = useProjectEvents(project.id);
  const happened = events.data?.events;
  const life = useMemo(
    () =>
      happened === undefined
        ? null
        : lifeOf(happened, now, (event) => eventWords(fromEvent(event, NOBODY), { t, language, named }).sentence),
    [happened, now, t, language, named],
  );
  if (events.isPending) return <Skeleton height={46} radius="lg" />;
  if (life === null) return null;
  return <TimeSlider label={t("past.project")} at={at} onAt={onAt} stretched {...life} />;
}
