/** The past moment that a screen shows, kept in its URL as `?at=` so that it can be shared; null is now. */

import { useCallback } from "react";
import { useSearchParams } from "react-router";

import { useRoughNow } from "./use-now";

/** The platform's clock may be ahead of this browser's, and the browser's own moment is a few seconds old. */
const CLOCKS_DIFFER_MS = 15_000;

export type SetAt = (at: number | null) => void;

export function useAt(): [number | null, SetAt] {
  const [parameters, setParameters] = useSearchParams();
  const at = pastMoment(parameters.get("at"), useRoughNow() + CLOCKS_DIFFER_MS);
  const setAt = useCallback<SetAt>(
    (moment) => {
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          if (moment === null) after.delete("at");
          else after.set("at", new Date(moment).toISOString());
          return after;
        },
        // One step back in the browser leads to the present, not through every place where the slider was.
        { replace: at !== null || moment === null, preventScrollReset: true },
      );
    },
    [at, setParameters],
  );
  return [at, setAt];
}

/** What is no time, or has not come yet, is now. */
export function pastMoment(text: string | null, now: number): number | null {
  const moment = Date.parse(text ?? "");
  return Number.isNaN(moment) || moment > now ? null : moment;
}
