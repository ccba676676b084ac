import { describe, expect, test } from "vitest";

import type { Progress, ProjectStep } from "@/api/contract";
import { problemFrom } from "@/api/problem";
import { countdown, retryPromise } from "@/features/provisioner/hold";
import { percentOf, remainingWords, stepDuration } from "@/features/provisioner/progress";
import { translator } from "@/shared/i18n/language";
import { roughDuration } from "@/shared/i18n/times";
import { problemWords } from "@/shared/ui/problem-words";

const step = (number: number, status: ProjectStep["status"], part: Partial<ProjectStep> = {}): ProjectStep => ({
  number,
  name: `Step ${number}`,
  status,
  attempt: 1,
  started_at: null,
  finished_at: null,
  duration_seconds: null,
  hosts: [],
  failures: [],
  ...part,
});

describe("what is left", () => {
  const progress = (remaining: number | null, finished = 1): Progress => ({
    finished,
    total: 4,
    share: finished / 4,
    typical_seconds: 60,
    remaining_seconds: remaining,
  });
  const left = (remaining: number | null, later = 0, finished = 1) =>
    remainingWords(progress(remaining, finished), { asked: 0, now: later, t: translator("en"), language: "en" });

  test("is told roughly, and grows shorter by itself", () => {
    expect(left(43)).toBe("about 45 s left");
    expect(left(43, 20_000)).toBe("about 25 s left");
    expect(left(152)).toBe("about 2 min 30 s left");
  });

  test("is not told where nobody knows, nor when nothing is left", () => {
    expect(left(null)).toBeNull();
    expect(left(43, 0, 4)).toBeNull();
  });

  test("beyond the estimate says so", () => {
    expect(left(2)).toBe("nearly done");
    expect(left(0)).toBe("takes longer than usual");
    expect(left(10, 60_000)).toBe("takes longer than usual");
  });

  test("grows coarser with its length", () => {
    expect([1_000, 58_000, 100_000, 3_700_000].map((time) => roughDuration(time, "en"))).toEqual(["5 s", "1 min", "1 min 30 s", "1 h 2 min"]);
  });

  test("a project that is not done never reads 100 %", () => {
    expect([0, 1 / 3, 0.999, 1].map((share) => percentOf({ share }))).toEqual([0, 33, 99, 100]);
  });
});

test("a step lasts as long as the service says, or until now", () => {
  expect(stepDuration(step(1, "succeeded", { duration_seconds: 3.2 }), 0)).toBe(3200);
  expect(stepDuration(step(1, "running", { started_at: "1970-01-01T00:00:01Z" }), 5000)).toBe(4000);
  expect(stepDuration(step(1, "pending"), 5000)).toBeNull();
});

describe("a retry", () => {
  const steps = [step(1, "succeeded"), step(2, "failed"), step(3, "pending")];
  const held = { status: "failed", steps, machines_held_until: "1970-01-01T00:01:00Z" } as const;

  test("goes on at the failed step while the machines are held", () => {
    expect(retryPromise(held, 18_000)).toEqual({ step: 2, milliseconds: 42_000 });
  });

  test("starts anew once they are not, and after a cancelled run", () => {
    expect(retryPromise(held, 60_000)).toEqual({ step: null, milliseconds: 0 });
    expect(retryPromise({ ...held, machines_held_until: null }, 0).step).toBeNull();
    expect(retryPromise({ ...held, status: "cancelled" }, 0).step).toBeNull();
  });

  test("counts down to 0:00 and no further", () => {
    expect([42_000, 41_001, 1, 0, -5, 605_000, 3_725_000].map(countdown)).toEqual(["0:42", "0:42", "0:01", "0:00", "0:00", "10:05", "1:02:05"]);
  });
});

describe("a refusal brings its figures in both languages", () => {
  test.each([
    [{ type: "quota-exceeded", resource: "machines", needed: 3, used: 8, quota: 10 }, "3 machines needed; 8 of your 10 are in use.", "할당량 10대 중 8대를 사용 중"],
    [{ type: "quota-exceeded", resource: "runs", needed: 1, used: 2, quota: 2 }, "2 of your runs are under way, of 2", "동시에 2건까지"],
    [{ type: "insufficient-capacity", needed: 3, available: 1 }, "3 needed, 1 free.", "3대가 필요하지만 1대만"],
    [{ type: "lease-limit", latest: "2026-12-24T10:00:00Z" }, "until Dec 24, 2026", "2026. 12. 24."],
  ])("%j", (fields, english, korean) => {
    const problem = problemFrom(409, { title: "", status: 409, detail: "", ...fields });
    expect(problemWords(problem, "en").body).toContain(english);
    expect(problemWords(problem, "ko").body).toContain(korean);
  });
});
