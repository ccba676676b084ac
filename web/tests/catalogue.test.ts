import { describe, expect, test } from "vitest";

import { catalogue } from "@/shared/i18n/catalogue";
import { fill, preferredLanguage } from "@/shared/i18n/format";

const entries = Object.entries(catalogue);
const needs = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map(([, name]) => name))].sort();

describe("the catalogue", () => {
  test.each(entries)("%s speaks both languages", (_, [english, korean]) => {
    expect(english.trim()).not.toBe("");
    expect(korean.trim()).not.toBe("");
  });

  test.each(entries)("%s needs the same values in both languages", (_, [english, korean]) => {
    expect(needs(korean).filter((name) => !needs(english).includes(name))).toEqual([]);
    // A word that follows a number has no form of its own in Korean, and the number itself stays.
    expect(needs(english).filter((name) => !needs(korean).includes(name))).toEqual([]);
  });

  test("every problem that is explained says what to try", () => {
    const keys = Object.keys(catalogue).filter((key) => key.startsWith("problem.") && !key.endsWith(".try"));
    expect(keys.filter((key) => !(`${key}.try` in catalogue))).toEqual([]);
  });
});

describe("messages", () => {
  test("take values, and words that follow their number", () => {
    const text = "{count} {count|machine|machines} of {name}";
    expect(fill(text, { count: 1, name: "shop" }, "en")).toBe("1 machine of shop");
    expect(fill(text, { count: 1200, name: "shop" }, "en")).toBe("1,200 machines of shop");
  });

  test("leave braces in values alone", () => {
    expect(fill("Hello {name}", { name: "{count}" }, "en")).toBe("Hello {count}");
  });
});

test("the reader's choice comes before the browser's languages, and English last", () => {
  expect(preferredLanguage("ko", ["en-US"])).toBe("ko");
  expect(preferredLanguage(null, ["fr-FR", "ko-KR", "en"])).toBe("ko");
  expect(preferredLanguage("tlh", ["fr"])).toBe("en");
});
