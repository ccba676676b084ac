import { describe, expect, test } from "vitest";

import type { MachineResources } from "@/api/contract";
import { linePath, segments } from "@/features/monitor/chart-geometry";
import { sorted } from "@/features/monitor/sorting";
import { isPackageName, sortPackages } from "@/features/provisioner/wizard/packages";
import { duration, relativeTime } from "@/shared/i18n/times";

describe("package names", () => {
  test.each(["htop", "g++", "libc6.1", "0ad", "a".repeat(64)])("%s is one", (name) => {
    expect(isPackageName(name)).toBe(true);
  });

  test.each(["", "Htop", "-x", "{{ lookup }}", "a b", "a\n", "a".repeat(65), "패키지"])("%j is none", (name) => {
    expect(isPackageName(name)).toBe(false);
  });

  test("good ones are kept once, the first bad one is named", () => {
    expect(sortPackages(["git", " git ", "", "No", "jq"])).toEqual({ good: ["git", "jq"], bad: "No" });
  });
});

describe("charts", () => {
  const frame = { from: 0, to: 100 };

  test("100 % is the top", () => {
    expect(linePath([{ time: 0, percent: 0 }, { time: 100, percent: 100 }], frame)).toBe("M0 50L100 0");
  });

  test("a hole in the measurements is a hole in the line", () => {
    const points = [0, 10, 20, 60, 70].map((time) => ({ time, percent: 1 }));
    expect(segments(points).map((run) => run.length)).toEqual([3, 2]);
  });
});

describe("order among machines", () => {
  const machine = (name: string, cpu: number | null): MachineResources => ({
    vm: { id: name, name, address: "", project_id: null, owner: null, status: "available" },
    up: true,
    cpu_percent: cpu,
    memory_percent: null,
    disk_percent: null,
    sampled_at: null,
  });
  const machines = [machine("vm-10", 5), machine("vm-2", null), machine("vm-1", 50)];
  const names = (column: "name" | "cpu_percent", descending: boolean) =>
    sorted(machines, { column, descending }).map(({ vm }) => vm.name);

  test("numbers in names count as numbers", () => {
    expect(names("name", false)).toEqual(["vm-1", "vm-2", "vm-10"]);
  });

  test("what nobody measured comes last, either way", () => {
    expect(names("cpu_percent", false)).toEqual(["vm-10", "vm-1", "vm-2"]);
    expect(names("cpu_percent", true)).toEqual(["vm-1", "vm-10", "vm-2"]);
  });
});

test("durations and moments are short", () => {
  expect(duration(65_000, "en")).toBe("1 min 5 s");
  expect(duration(3_720_000, "ko")).toBe("1시간 2분");
  expect(relativeTime("2026-11-23T10:00:00Z", "en", Date.parse("2026-11-23T10:03:30Z"))).toBe("3 minutes ago");
});
