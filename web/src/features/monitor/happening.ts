/** An event as the lists show it, whether it comes from the activity feed or from a project's history. */

import type { ActivityEntry, CloudEvent } from "@/api/contract";
import type { Language } from "@/shared/i18n/format";
import { reasonWords } from "@/shared/ui/problem-words";
import type { Tone } from "@/shared/ui/states";

export interface Happening {
  id: string;
  time: string;
  /** Such as `vm.reserved`. */
  kind: string;
  /** Whose doing it was; null for an account whose name is not known here. */
  actor: string | null;
  about: { name: string; to: string | null }[];
  facts: Record<string, unknown>;
}

export function fromEntry(entry: ActivityEntry): Happening {
  const { project, vm, account } = entry;
  return {
    id: entry.id,
    time: entry.time,
    kind: entry.kind,
    actor: entry.actor.name,
    about: [
      ...(project === null ? [] : [{ name: project.name ?? project.id, to: `/projects/${project.id}` }]),
      ...(vm === null ? [] : [{ name: vm.name ?? vm.id, to: `/machines/${vm.id}` }]),
      ...(account === null ? [] : [{ name: account.name ?? account.id, to: null }]),
    ],
    facts: entry.summary,
  };
}

/** `actor` of an event in the log is `account/<id>` or `service/<name>`; `people` are the names of the accounts known here. */
export function fromEvent(event: CloudEvent, people: ReadonlyMap<string, string>): Happening {
  const { actor } = event;
  const [, aggregate = "", verb = ""] = event.type.split(".");
  return {
    id: event.id,
    time: event.time,
    kind: `${aggregate}.${verb}`,
    actor: actor.startsWith("service/") ? actor.slice("service/".length) : (people.get(actor.slice("account/".length)) ?? null),
    about: [],
    facts: event.data,
  };
}

const bad = /failed|denied|rejected|quarantined|suspended|unreachable|host-key-changed|machine-lost|threshold-crossed/;
const good = /provisioned$|recycled|approved|recovered|succeeded|reactivated/;

/** Whether a kind of event is good news, bad, or neither. */
export function toneOf(kind: string): Tone {
  const verb = kind.split(".")[1] ?? "";
  return bad.test(verb) ? "bad" : good.test(verb) ? "ok" : "idle";
}

/** The one fact that a line of the list has room for: the step, the reason. */
export function gist({ facts }: Happening, named: (step: string) => string, language: Language): string {
  const { number, name, detail, reason, message } = facts;
  if (typeof number === "number" && typeof name === "string") return `${number}. ${named(name)}`;
  const said = [detail, reason, message].find((fact): fact is string => typeof fact === "string" && fact !== "") ?? "";
  return reasonWords(said, facts.causes, language);
}
