import { describe, expect, test } from "vitest";

import document from "../../docs/reference/asyncapi.json?raw";

import type { Waiting } from "@/api/contract";
import { eventWords } from "@/features/monitor/event-words";
import type { Happening } from "@/features/monitor/happening";
import { waitingSentence, waitingTitle } from "@/features/provisioner/waiting";
import type { Language } from "@/shared/i18n/format";
import { translator } from "@/shared/i18n/language";

const NOTHING = { detail: "", needed: null, available: null, shortfall: null, quota: null, used: null, resource: null };
const waits = (part: Partial<Waiting> & Pick<Waiting, "reason">, language: Language) =>
  waitingSentence({ ...NOTHING, ...part }, translator(language));

describe("why a project waits", () => {
  test("too few machines are told with the figures, in both languages", () => {
    const waiting = { reason: "capacity", needed: 3, available: 1, shortfall: 2 } as const;
    expect(waits(waiting, "en")).toContain("3 machines are needed, 1 was free: 2 too few.");
    expect(waits(waiting, "ko")).toContain("서버 3대가 필요하지만 1대만 사용할 수 있었습니다(2대 부족).");
  });

  test("the quota is told with what it is of and what is used of it", () => {
    const machines = { reason: "quota", resource: "machines", needed: 5, quota: 10, used: 8 } as const;
    expect(waits(machines, "en")).toContain("quota of machines does not allow it yet: 8 of 10 are in use, and 5 more are needed.");
    expect(waits(machines, "ko")).toContain("서버 할당량이 부족합니다. 10대 중 8대를 사용 중이며 5대가 더 필요합니다.");
    const runs = { reason: "quota", resource: "runs", needed: 1, quota: 2, used: 2 } as const;
    expect(waits(runs, "en")).toContain("quota of runs does not allow it yet: 2 of 2 are under way.");
    expect(waits(runs, "ko")).toContain("동시 실행 할당량이 부족합니다. 2건 중 2건을 실행 중입니다.");
  });

  test.each(["approval", "maintenance", "quota", "capacity", "worker"] as const)(
    "%s is explained without figures too, in both languages",
    (reason) => {
      for (const language of ["en", "ko"] as const) {
        expect(waits({ reason }, language)).not.toMatch(/[{}]|null|undefined/);
        expect(waits({ reason }, language).length).toBeGreaterThan(20);
        expect(waitingTitle({ reason }, translator(language))).not.toBe("");
      }
      expect(waits({ reason }, "ko")).not.toBe(waits({ reason }, "en"));
    },
  );
});

interface Published {
  components: { messages: Record<string, { examples: [{ payload: { data: Happening["facts"] } }] }> };
}

/** Every kind of event that the platform knows, with the facts of its example. */
const published = Object.entries((JSON.parse(document) as Published).components.messages).map(
  ([type, { examples }]): [string, Happening["facts"]] => [type.split(".").slice(1, 3).join("."), examples[0].payload.data],
);

const words = (kind: string, facts: Happening["facts"], language: Language) =>
  eventWords(
    { id: "1", time: "2026-11-25T08:00:00Z", kind, actor: "kim", about: [], facts },
    { t: translator(language), language, named: (step) => (language === "ko" ? `${step}(ko)` : step) },
  );

describe("an event is a sentence", () => {
  test.each([
    ["project.requested", { template: "ha" }, "The project was requested with the template ha.", "ha 템플릿으로 프로젝트를 요청했습니다."],
    ["project.requested", { template: "ha", dry_run: true }, "A dry run of the template ha was requested.", "ha 템플릿의 모의 실행을 요청했습니다."],
    ["project.rejected", { reason: "not-approved", detail: "Too large" }, "The request was not approved: Too large", "요청을 승인하지 않았습니다: Too large"],
    ["project.provisioning-started", { attempt: 2, first_step: 3 }, "A worker took up the run at step 3, attempt 2.", "작업자가 3단계부터 실행을 이어받았습니다(2번째 시도)."],
    ["project.provisioning-started", { attempt: 2, first_step: 1 }, "A worker began attempt 2.", "작업자가 2번째 시도를 시작했습니다."],
    ["project.step-succeeded", { number: 1, name: "Prepare" }, "Step 1 is done: Prepare.", "1단계 완료: Prepare(ko)."],
    [
      "project.step-failed",
      { number: 2, name: "Install", failures: [{ vm: "lab-01" }, { vm: "lab-02" }, { vm: "lab-01" }] },
      "Step 2 failed on lab-01, lab-02: Install.",
      "lab-01, lab-02에서 2단계 실패: Install(ko).",
    ],
    ["project.cancelled", { finished_steps: [1] }, "The run was cancelled with 1 step done.", "1단계를 마친 상태에서 실행이 취소되었습니다."],
    ["project.retry-requested", { attempt: 2, keep_machines: true }, "Attempt 2 was asked for, on the same machines.", "같은 서버에서 2번째 시도를 요청했습니다."],
    ["project.retry-requested", { attempt: 2, keep_machines: false, lost: [] }, "Attempt 2 was asked for, on fresh machines.", "새 서버에서 2번째 시도를 요청했습니다."],
    [
      "project.retry-requested",
      { attempt: 3, keep_machines: true, lost: ["0193"] },
      "Attempt 3 was asked for; 1 unreachable machine is replaced.",
      "3번째 시도를 요청했습니다. 연결할 수 없는 서버 1대를 교체합니다.",
    ],
    ["project.provisioned", { dry_run: true }, "The dry run is over; nothing was changed.", "모의 실행이 끝났습니다. 변경된 것은 없습니다."],
    ["allocation.queued", { needed: 3, available: 1 }, "Waits for machines: 3 needed, 1 free.", "서버를 기다립니다: 3대 필요, 1대 사용 가능."],
  ])("%s %j", (kind, facts, english, korean) => {
    expect(words(kind, facts, "en").sentence).toBe(english);
    expect(words(kind, facts, "ko").sentence).toBe(korean);
  });

  // What counts against a quota is in no feed.
  test.each(published.filter(([kind]) => !kind.startsWith("quota.")))("%s, as it is published, in both languages", (kind, facts) => {
    for (const language of ["en", "ko"] as const) {
      const { sentence, more } = words(kind, facts, language);
      expect(sentence).not.toBe(kind);
      expect(`${sentence} ${more}`).not.toMatch(/[{}]|undefined|null/);
    }
  });

  test("a failed run says until when its machines are kept, and why it failed beside", () => {
    const { sentence, more } = words(
      "project.provisioning-failed",
      { step: 2, detail: "lab-01: no such package", held_until: "2026-11-25T08:01:00Z" },
      "en",
    );
    expect(sentence).toMatch(/^The run failed at step 2; its machines are kept until .*2026.*\.$/);
    expect(more).toBe("lab-01: no such package");
  });

  test("with facts missing it is told by its label, and one of a kind that is not known by its name", () => {
    expect(words("project.step-started", {}, "en").sentence).toBe("Step began");
    expect(words("vm.quarantined", { reason: "unreachable" }, "en")).toEqual({ sentence: "Machine quarantined", more: "unreachable" });
    expect(words("project.painted-green", { reason: "why not" }, "ko")).toEqual({ sentence: "project.painted-green", more: "why not" });
  });
});
