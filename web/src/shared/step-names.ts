/** The names of steps in the reader's language. A project keeps them as they were written when it began: in English. */

import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";

import { answer, api } from "@/api/client";

import { useSpeech } from "./i18n/language";

const AS_KEPT = "en";
const NO_NAMES: ReadonlyMap<string, string> = new Map();

export function useStepName(): (name: string) => string {
  const { language } = useSpeech();
  const names = useQuery({
    queryKey: ["step-names", language],
    queryFn: async () => paired(await stepNames(AS_KEPT), await stepNames(language)),
    staleTime: Infinity,
    enabled: language !== AS_KEPT,
  }).data ?? NO_NAMES;
  return useCallback((name: string) => names.get(name) ?? name, [names]);
}

/** The names by template and number. */
async function stepNames(language: string): Promise<Map<string, string>> {
  const { templates } = await answer(api.GET("/api/templates", { params: { header: { "Accept-Language": language } } }));
  return new Map(templates.flatMap(({ id, steps }) => steps.map(({ number, name }) => [`${id} ${number}`, name] as const)));
}

function paired(kept: ReadonlyMap<string, string>, spoken: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...kept].map(([step, name]) => [name, spoken.get(step) ?? name]));
}
