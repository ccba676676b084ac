import { describe, expect, test } from "vitest";

import type { CloudEvent } from "@/api/contract";
import { beginning, fitting } from "@/features/inventory/pool-span";
import { lifeOf } from "@/features/provisioner/project/life";
import { momentAfter, neighbours, snapped, timeScale } from "@/shared/time-scale";
import { pastMoment } from "@/shared/use-at";

const HOUR = 3_600_000;

describe("places on the line of time", () => {
  test("without events it is even", () => {
    const scale = timeScale({ from: 1000, to: 2000 });
    expect([0, 0.25, 1].map(scale.timeAt)).toEqual([1000, 1250, 2000]);
    expect([900, 1000, 1500, 2000, 2100].map(scale.positionOf)).toEqual([0, 0, 0.5, 1, 1]);
  });

  const events = [10_000, 20_000, 30_000, 60_000];
  const life = timeScale({ from: 0, to: 1000 * HOUR }, events);

  test("with events a busy minute has more room than a quiet month", () => {
    expect(timeScale({ from: 0, to: 1000 * HOUR }).positionOf(60_000)).toBeLessThan(0.0001);
    expect(life.positionOf(60_000)).toBeGreaterThan(0.4);
  });

  test("it rises from 0 to 1, and a place leads back to its moment", () => {
    const moments = [0, 5_000, ...events, 10 * HOUR, 1000 * HOUR];
    const places = moments.map(life.positionOf);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    expect([places[0], places.at(-1)]).toEqual([0, 1]);
    moments.forEach((moment, index) => expect(Math.abs(life.timeAt(places[index] ?? 0) - moment)).toBeLessThanOrEqual(1));
  });

  test("two events at once, events outside, and a life of no length do no harm", () => {
    expect(timeScale({ from: 0, to: 100 }, [50, 50, -10, 900]).positionOf(50)).toBeCloseTo(0.5);
    expect(timeScale({ from: 5, to: 5 }, [5]).timeAt(0.5)).toBe(5);
    expect(timeScale({ from: 5, to: 5 }).positionOf(5)).toBe(1);
  });

  test("a place near an event means the event, any other means itself", () => {
    const scale = timeScale({ from: 0, to: 1000 });
    expect(snapped(0.502, scale, [500, 900], 0.01)).toBe(500);
    expect(snapped(0.6, scale, [500, 900], 0.01)).toBe(600);
    expect(snapped(0.5, scale, [495, 502], 0.01)).toBe(502);
  });

  test("one can go from event to event", () => {
    expect(neighbours(20, [10, 20, 30])).toEqual({ before: 10, after: 30 });
    expect(neighbours(Number.POSITIVE_INFINITY, [10, 20])).toEqual({ before: 20, after: null });
    expect(neighbours(5, [10])).toEqual({ before: null, after: 10 });
  });
});

test("an event is seen from the first whole millisecond after it", () => {
  expect(momentAfter("2026-11-25T08:00:00.123456Z")).toBe(Date.parse("2026-11-25T08:00:00.124Z"));
});

test("an address leads to a past moment; what is none, or has not come, is now", () => {
  const now = Date.parse("2026-11-25T08:00:00Z");
  expect(pastMoment("2026-11-25T07:59:00.5Z", now)).toBe(now - 59_500);
  expect([null, "", "yesterday", "2026-11-26T00:00:00Z"].map((text) => pastMoment(text, now))).toEqual([null, null, null, null]);
});

test("the pool's line reaches as far back as the address leads", () => {
  const now = 1000 * HOUR + 30_000;
  expect(beginning("1h", now)).toBe(999 * HOUR);
  expect(fitting("1h", null, now)).toBe("1h");
  expect(fitting("1h", 990 * HOUR, now)).toBe("24h");
  expect(fitting("7d", 999.5 * HOUR, now)).toBe("7d");
  expect(fitting("1h", 1 * HOUR, now)).toBe("30d");
});

describe("a project's life", () => {
  const event = (verb: string, second: number): CloudEvent => ({
    actor: "",
    correlationid: "",
    data: {},
    id: String(second),
    source: "",
    subject: "",
    time: new Date(second * 1000).toISOString(),
    type: `hcmp.project.${verb}.v1`,
  });
  const events = [event("requested", 1), event("provisioning-started", 2), event("step-started", 3), event("provisioned", 4)];

  test("has a mark for each event and a phase for each state", () => {
    const life = lifeOf(events, 9_000, ({ type }) => type);
    expect(life?.marks.map(({ time, tone }) => [time, tone])).toEqual([
      [1001, "idle"],
      [2001, "idle"],
      [3001, "idle"],
      [4001, "ok"],
    ]);
    expect(life?.phases).toEqual([
      { from: 1001, tone: "busy" },
      { from: 2001, tone: "busy" },
      { from: 4001, tone: "ok" },
    ]);
    expect([life?.from, life?.to]).toEqual([1001, 9_000]);
  });

  test("ends with its last event once it is over", () => {
    expect(lifeOf([...events, event("deleted", 6)], 9_000, () => "")?.to).toBe(6001);
    expect(lifeOf([], 9_000, () => "")).toBeNull();
  });
});
