/** What happened, as a sentence: with its figures where the facts hold them, by its name where it is not known here. */

import type { Drifted } from "@/api/contract";
import { driftWord } from "@/features/inventory/drift-words";
import { catalogue, isMessageKey } from "@/shared/i18n/catalogue";
import type { Language } from "@/shared/i18n/format";
import type { Translate } from "@/shared/i18n/language";
import { dateTime } from "@/shared/i18n/times";
import { lostReason } from "@/shared/lost-reason";

import { gist, type Happening } from "./happening";

export interface EventSpeech {
  t: Translate;
  language: Language;
  /** The name of a step in the reader's language. */
  named: (step: string) => string;
}

export interface EventWords {
  sentence: string;
  /** What stands beside the sentence, such as the reason; may be empty. */
  more: string;
}

type Facts = Happening["facts"];

export function eventWords(happening: Happening, speech: EventSpeech): EventWords {
  const said = told(happening, speech);
  if (said !== null) return { sentence: said, more: beside(happening) };
  const key = `event.${happening.kind}`;
  const label = isMessageKey(key) ? catalogue[key][speech.language === "en" ? 0 : 1] : happening.kind;
  return { sentence: label, more: gist(happening, speech.named, speech.language) };
}

/** The one fact that a sentence has no room for: why a run failed. */
function beside({ kind, facts }: Happening): string {
  return kind === "project.provisioning-failed" ? (text(facts, "detail") ?? "") : "";
}

function told({ kind, facts }: Happening, speech: EventSpeech): string | null {
  const { t } = speech;
  switch (kind) {
    case "project.requested":
      return requested(facts, t);
    case "project.rejected":
      return rejected(facts, t);
    case "project.provisioning-started":
      return started(facts, t);
    case "project.step-started":
    case "project.step-succeeded":
    case "project.step-failed":
      return step(kind, facts, speech);
    case "project.provisioned":
      return t(facts.dry_run === true ? "said.project.provisioned.dry" : "said.project.provisioned");
    case "project.provisioning-failed":
      return failed(facts, speech);
    case "project.cancelled":
      return t("said.project.cancelled", { count: list(facts, "finished_steps").length });
    case "project.retry-requested":
      return retried(facts, t);
    case "project.lease-extended":
      return lease(kind, text(facts, "after"), facts, speech);
    case "project.lease-warning":
      return lease(kind, text(facts, "ends_at"), facts, speech);
    case "project.machine-lost":
      return lostMachine(facts, t);
    case "vm.drifted":
      return drifted(facts, t);
    case "project.approved":
    case "project.admitted":
    case "project.hold-ended":
    case "project.cancel-requested":
    case "project.lease-expired":
    case "project.teardown-started":
    case "project.deleted":
    case "allocation.released":
      return t(`said.${kind}`);
    case "allocation.granted":
      return granted(facts, t);
    case "allocation.queued":
    case "allocation.denied":
      return short(kind, facts, t);
    default:
      return null;
  }
}

function requested(facts: Facts, t: Translate): string | null {
  const template = text(facts, "template");
  if (template === null) return null;
  return t(facts.dry_run === true ? "said.project.requested.dry" : "said.project.requested", { template });
}

function rejected(facts: Facts, t: Translate): string | null {
  const [reason, detail, needed, available] = [text(facts, "reason"), text(facts, "detail"), number(facts, "needed"), number(facts, "available")];
  if (reason === "insufficient-capacity" && needed !== null && available !== null) {
    return t("said.project.rejected.insufficient-capacity", { needed, available });
  }
  if (detail === null) return null;
  return t(reason === "not-approved" ? "said.project.rejected.not-approved" : "said.project.rejected", { detail });
}

function started(facts: Facts, t: Translate): string {
  const [first, attempt] = [number(facts, "first_step") ?? 1, number(facts, "attempt") ?? 1];
  if (first === 1) return attempt === 1 ? t("said.project.provisioning-started") : t("said.project.provisioning-started.anew", { attempt });
  return t("said.project.provisioning-started.on", { step: first, attempt });
}

type StepKind = "project.step-started" | "project.step-succeeded" | "project.step-failed";

function step(kind: StepKind, facts: Facts, { t, named }: EventSpeech): string | null {
  const [which, name] = [number(facts, "number"), text(facts, "name")];
  if (which === null || name === null) return null;
  const machines = [...new Set(list(facts, "failures").map((failure) => text(failure, "vm") ?? ""))].filter(Boolean).join(", ");
  if (kind === "project.step-failed" && machines !== "") {
    return t("said.project.step-failed.on", { number: which, name: named(name), machines });
  }
  return t(`said.${kind}`, { number: which, name: named(name) });
}

function failed(facts: Facts, { t, language }: EventSpeech): string {
  const [at, held] = [number(facts, "step"), text(facts, "held_until")];
  if (at === null) return t("said.project.provisioning-failed");
  if (held === null) return t("said.project.provisioning-failed.at", { step: at });
  return t("said.project.provisioning-failed.held", { step: at, time: dateTime(held, language) });
}

function retried(facts: Facts, t: Translate): string | null {
  const attempt = number(facts, "attempt");
  if (attempt === null) return null;
  const lost = list(facts, "lost").length;
  if (lost > 0) return t("said.project.retry-requested.lost", { attempt, count: lost });
  return t(facts.keep_machines === true ? "said.project.retry-requested.same" : "said.project.retry-requested", { attempt });
}

function lostMachine(facts: Facts, t: Translate): string | null {
  const [machine, reason] = [text(facts, "name"), text(facts, "reason")];
  return machine === null ? null : t("said.project.machine-lost", { machine, reason: lostReason(reason ?? "", t) });
}

const drifting: ReadonlySet<string> = new Set<Drifted["what"]>(["address", "ssh-endpoint", "power", "host-key", "presence"]);

function drifted(facts: Facts, t: Translate): string | null {
  const what = text(facts, "what");
  if (what === null || !drifting.has(what)) return null;
  const known = what as Drifted["what"];
  const said = (name: "before" | "after") => driftWord(known, text(facts, name) ?? "", t);
  return t("said.vm.drifted", { what: t(`drift.${known}`), before: said("before"), after: said("after") });
}

type LeaseKind = "project.lease-extended" | "project.lease-warning";

function lease(kind: LeaseKind, end: string | null, facts: Facts, { t, language }: EventSpeech): string | null {
  if (end === null) return null;
  const time = dateTime(end, language);
  if (kind === "project.lease-extended") return t("said.project.lease-extended", { time });
  const hours = number(facts, "hours");
  return hours === null ? null : t("said.project.lease-warning", { hours, time });
}

function granted(facts: Facts, t: Translate): string {
  const machines = list(facts, "machines").map((machine) => text(machine, "name") ?? "").filter(Boolean).join(", ");
  return machines === "" ? t("said.allocation.granted") : t("said.allocation.granted.machines", { machines });
}

function short(kind: "allocation.queued" | "allocation.denied", facts: Facts, t: Translate): string | null {
  const [needed, available] = [number(facts, "needed"), number(facts, "available")];
  return needed === null || available === null ? null : t(`said.${kind}`, { needed, available });
}

function text(facts: Facts, name: string): string | null {
  const fact = facts[name];
  return typeof fact === "string" && fact !== "" ? fact : null;
}

function number(facts: Facts, name: string): number | null {
  const fact = facts[name];
  return typeof fact === "number" ? fact : null;
}

/** A list of facts of their own; of plain values only their number counts. */
function list(facts: Facts, name: string): Facts[] {
  const fact = facts[name];
  return Array.isArray(fact) ? fact.map((item: unknown) => (typeof item === "object" && item !== null ? (item as Facts) : {})) : [];
}
