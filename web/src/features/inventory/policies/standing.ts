/** How a policy stands, as shares of what may be there in all. */

import type { Policy } from "@/api/contract";
import type { Tone } from "@/shared/ui/states";

type Figures = Pick<Policy, "ready" | "coming" | "minimum_ready" | "maximum" | "suspended">;

export interface Standing {
  tone: Extract<Tone, "ok" | "busy" | "notice" | "bad">;
  /** Percent of the maximum; together never more than all of it. */
  ready: number;
  coming: number;
}

export function standing({ ready, coming, minimum_ready: minimum, maximum, suspended }: Figures): Standing {
  const share = (count: number) => (maximum === 0 ? 0 : Math.min(100, (100 * count) / maximum));
  const shared = share(ready);
  const held = ready >= minimum ? "ok" : ready + coming >= minimum ? "busy" : "notice";
  return { tone: suspended ? "bad" : held, ready: shared, coming: Math.min(100 - shared, share(coming)) };
}
