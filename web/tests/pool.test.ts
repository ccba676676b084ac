import { describe, expect, test } from "vitest";

import { driftWord } from "@/features/inventory/drift-words";
import { labelWords, readLabels } from "@/features/inventory/label-words";
import { formatOf } from "@/features/inventory/machine-list";
import { standing } from "@/features/inventory/policies/standing";
import { allChosen, allToggled, toggled } from "@/features/inventory/vcenter/choice";
import { eventWords } from "@/features/monitor/event-words";
import { translator } from "@/shared/i18n/language";
import { poolSize, scaledCells } from "@/shared/ui/pool-scale";
import { causedWords, failuresOf, problemWords, reasonWords } from "@/shared/ui/problem-words";
import { Problem } from "@/api/problem";

describe("a pool of any size", () => {
  test("is as large as the sum of its states", () => {
    expect(poolSize({ available: 3, quarantined: 2 })).toBe(5);
    expect(poolSize({})).toBe(0);
  });

  test("of 10,000 machines is drawn with a few hundred cells, in proportion", () => {
    const { each, cells } = scaledCells({ available: 9_000, assigned: 999, quarantined: 1 }, 300);
    expect(each).toBe(34);
    expect(cells.map(({ cells: drawn }) => drawn)).toEqual([265, 29, 1]);
  });

  test("shows even a single broken machine among thousands, and no state that is not there", () => {
    const { cells } = scaledCells({ available: 50_000, quarantined: 1, recycling: 0 }, 100);
    expect(cells.map(({ status, cells: drawn }) => [status, drawn])).toEqual([
      ["available", 100],
      ["quarantined", 1],
    ]);
  });
});

describe("how a policy stands", () => {
  const policy = { ready: 2, coming: 0, minimum_ready: 2, maximum: 4, suspended: false };

  test("held, on its way, short, or suspended", () => {
    expect(standing(policy).tone).toBe("ok");
    expect(standing({ ...policy, ready: 1, coming: 1 }).tone).toBe("busy");
    expect(standing({ ...policy, ready: 1 }).tone).toBe("notice");
    expect(standing({ ...policy, suspended: true }).tone).toBe("bad");
  });

  test("is drawn within its maximum, even if more are there or none may be", () => {
    expect(standing({ ...policy, ready: 3, coming: 3 })).toMatchObject({ ready: 75, coming: 25 });
    expect(standing({ ...policy, ready: 0, minimum_ready: 0, maximum: 0 })).toMatchObject({ ready: 0, coming: 0 });
  });
});

describe("labels as people type them", () => {
  test("are read, and written in the same way", () => {
    const { labels, bad } = readLabels(["site=seoul", " rack.no=7 ", "note="]);
    expect(bad).toBeNull();
    expect(labelWords(labels)).toEqual(["note=", "rack.no=7", "site=seoul"]);
  });

  test.each(["site", "=seoul", "Site=seoul", "a b=c", "-x=1"])("%s is none", (word) => {
    expect(readLabels(["ok=1", word]).bad).toBe(word);
  });
});

describe("choosing machines of vCenter", () => {
  const shown = [
    { reference: "vm-1", taken: false },
    { reference: "vm-2", taken: true },
    { reference: "vm-3", taken: false },
  ];

  test("all of them leaves out what is in a pool already", () => {
    expect([...allToggled(new Set(), shown)]).toEqual(["vm-1", "vm-3"]);
  });

  test("what is out of sight stays chosen when all are taken back", () => {
    const chosen = allToggled(new Set(["vm-9"]), shown);
    expect(allChosen(chosen, shown)).toBe(true);
    expect([...allToggled(chosen, shown)]).toEqual(["vm-9"]);
  });

  test("one goes on and off", () => {
    expect([...toggled(toggled(new Set(), "vm-1"), "vm-1")]).toEqual([]);
  });

  test("there is nothing to choose where all are taken", () => {
    expect(allChosen(new Set(), [{ reference: "vm-2", taken: true }])).toBe(false);
  });
});

test("a list is YAML by its name, or else CSV", () => {
  expect(["a.csv", "a.YML", "b.yaml", "machines"].map(formatOf)).toEqual(["csv", "yaml", "yaml", "csv"]);
});

describe("what others changed", () => {
  const speech = { t: translator("en"), language: "en", named: (step: string) => step } as const;
  const happening = (kind: string, facts: Record<string, unknown>) => ({ id: "1", time: "", kind, actor: null, about: [], facts });

  test("is told in words, while addresses stay as they are", () => {
    const korean = translator("ko");
    expect(driftWord("power", "off", korean)).toBe("꺼짐");
    expect(driftWord("presence", "missing", korean)).toBe("없음");
    expect(driftWord("address", "10.0.0.7", korean)).toBe("10.0.0.7");
  });

  test("is a sentence in the activity, and a lost machine one in its project's history", () => {
    expect(eventWords(happening("vm.drifted", { what: "power", before: "on", after: "off" }), speech).sentence).toBe(
      "Power changed outside the platform: On → Off",
    );
    expect(eventWords(happening("project.machine-lost", { name: "web-01", reason: "deleted in vCenter" }), speech).sentence).toBe(
      "The machine web-01 is gone: deleted in vCenter",
    );
  });

  test("that a machine was deleted in its provider is said in Korean too, and another reason as it is", () => {
    const lost = (reason: string) => eventWords(happening("project.machine-lost", { name: "web-01", reason }), { ...speech, t: translator("ko") }).sentence;
    expect(lost("deleted in its provider (docker)")).toBe("web-01 서버가 사라졌습니다: 제공 환경(docker)에서 삭제되었습니다");
    expect(lost("burnt down")).toBe("web-01 서버가 사라졌습니다: burnt down");
  });

  test("of a kind that is not known yet is shown by the event's name", () => {
    expect(eventWords(happening("vm.drifted", { what: "colour" }), speech).sentence).toBe("Changed outside the platform");
  });
});

describe("what is wrong with vCenter", () => {
  const named = { type: "vcenter-name-not-found", detail: "The name vc.example cannot be resolved." };

  test("is said in the reader's language, with the facts of the case and what to try", () => {
    const causes = [{ slug: "address-unresolved", facts: { address: "vc.example" } }];
    const words = causedWords({ ...named, causes }, "ko");
    expect(words.title).toBe("서버 이름을 찾을 수 없습니다");
    expect(words.body).toBe("vc.example의 주소를 찾을 수 없습니다. 철자와 네임서버를 확인하세요.");
  });

  test("is said in the service's words where it tells no cause that is known here", () => {
    for (const causes of [[], [{ slug: "of-tomorrow", facts: {} }]]) {
      expect(causedWords({ ...named, causes }, "ko").body).toBe("The name vc.example cannot be resolved. 철자와 네임서버를 확인하세요.");
    }
  });

  test("quotes the server's own words, and says what a thing of vCenter is", () => {
    const said = (slug: string, facts: Record<string, string>) => reasonWords("", [{ slug, facts }], "ko");
    expect(said("vcenter-fault", { said: "NoDiskSpace: disk full" })).toBe("서버의 응답: “NoDiskSpace: disk full”.");
    expect(said("vcenter-absent", { kind: "datastore", name: "ds7" })).toBe("데이터스토어 ds7을(를) 찾을 수 없습니다.");
    expect(said("vcenter-absent", { kind: "of-tomorrow", name: "x" })).toContain("of-tomorrow x");
  });

  test("keeps its facts when a request is refused for it", () => {
    const refusal = new Problem({ type: "vcenter-login", title: "vCenter could not be asked", status: 502, detail: "root is not let in." });
    expect(problemWords(refusal, "en").body).toContain("root is not let in.");
  });
});

describe("a row that was not taken", () => {
  const row = { type: "malformed-row", detail: "ssh_port: Input should be less than or equal to 65535" };

  test("says what is wrong in the reader's language, each fact in its place", () => {
    const causes = [{ slug: "field-less-than-equal", facts: { field: "ssh_port", le: 65535 } }, { slug: "field-missing", facts: { field: "address" } }];
    const korean = causedWords({ ...row, causes }, "ko");
    expect(korean.title).toBe("행을 읽을 수 없습니다");
    expect(korean.body).toBe("ssh_port 값은 65535 이하여야 합니다. address 값이 비어 있습니다. 수정한 후 다시 올려 주세요.");
    expect(causedWords({ ...row, causes }, "en").body).toContain("ssh_port must be 65535 or less. address is empty.");
  });

  test("has words of its own for a form that is particular", () => {
    const words = (pattern: string) => reasonWords("", [{ slug: "field-string-pattern-mismatch", facts: { field: "name", pattern } }], "en");
    expect(words("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")).toBe("name: small letters, digits and hyphens, 40 at most.");
    expect(words("^x$")).toBe("name is not of the form that is allowed.");
  });

  test("keeps the service's words where a cause is not known here", () => {
    expect(causedWords({ ...row, causes: [{ slug: "row-of-tomorrow", facts: {} }] }, "ko").body).toContain(row.detail);
  });
});

test("an import of which nothing came says of each machine why, in the reader's language where that is known", () => {
  const refusal = new Problem({
    type: "import-incomplete",
    title: "",
    status: 503,
    failures: { "web-01": "it is off", "web-02": 7, "web-03": "it burns" },
    failure_causes: { "web-01": [{ slug: "machine-off", facts: {} }] },
  });
  expect(failuresOf(refusal, "ko")).toEqual([
    ["web-01", "전원이 꺼져 있습니다. 먼저 켜 주세요."],
    ["web-03", "it burns"],
  ]);
  expect(failuresOf(new Problem({ type: "conflict", title: "", status: 409 }), "ko")).toEqual([]);
});

describe("a machine that was not added", () => {
  const refused = (type: string, causes: unknown) => new Problem({ type, title: "", status: 409, detail: "In English.", causes });

  test("says why in the reader's language, and what to try", () => {
    const silent = refused("vm-unreachable", [{ slug: "connection-refused", facts: { host: "10.0.0.5", port: 2222 } }]);
    expect(problemWords(silent, "ko").body).toMatch(/^10\.0\.0\.5:2222에서 연결을 받는 서비스가 없습니다\. 주소, 포트/);
    expect(problemWords(silent, "en").body).toMatch(/^Nothing listens at 10\.0\.0\.5:2222\. Check address/);
  });

  test("keeps the service's words where causes are none that can be read", () => {
    for (const causes of [undefined, "x", [null], [{ slug: 7 }], []]) {
      expect(problemWords(refused("vm-unreachable", causes), "ko").body).toContain("In English.");
    }
  });
});

describe("why a machine is set aside, or not made", () => {
  const causes = [{ slug: "recycling-failed", facts: {} }, { slug: "no-answer", facts: { host: "10.0.0.5", port: 22 } }];
  const text = "recycling failed: no answer";

  test("is said in both languages, or as it was stored", () => {
    expect(reasonWords(text, causes, "ko")).toBe("초기화하지 못했습니다. 10.0.0.5:22에서 제때 응답하지 않습니다.");
    expect(reasonWords(text, causes, "en")).toBe("It could not be recycled. 10.0.0.5:22 does not answer in time.");
    expect(reasonWords("disk swapped by mina", [], "ko")).toBe("disk swapped by mina");
  });

  test.each(["vm.quarantined", "vm.retired", "pool-policy.creation-failed"])("is so in the activity: %s", (kind) => {
    const told = (facts: Record<string, unknown>) =>
      eventWords({ id: "1", time: "", kind, actor: null, about: [], facts }, { t: translator("ko"), language: "ko", named: (step) => step }).more;
    expect(told({ reason: text, causes })).toBe("초기화하지 못했습니다. 10.0.0.5:22에서 제때 응답하지 않습니다.");
    expect(told({ reason: text })).toBe(text);
  });
});
