/** What the log of a dry run says of changes; null for a project that is no dry run. */

import { useMemo } from "react";

import { ChangeReader } from "./changes";
import type { LogSnapshot } from "./log-stream";

export function useChanges({ buffer }: LogSnapshot, dryRun: boolean): ChangeReader | null {
  const reader = useMemo(() => (dryRun ? new ChangeReader() : null), [dryRun]);
  return reader?.extend(buffer.rows) ?? null;
}
