/** The chosen language and the functions that speak it. */

import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

import { catalogue, type EnglishOf, type MessageKey } from "./catalogue";
import { fill, preferredLanguage, type Language, type Needs } from "./format";

const STORAGE_KEY = "hcmp-language";

/** `t("project.title")`, and with values where the message has them: `t("pool.free", { count: 3 })`. */
export type Translate = <Key extends MessageKey>(
  key: Key,
  ...values: [Needs<EnglishOf<Key>>] extends [never] ? [] : [Record<Needs<EnglishOf<Key>>, string | number>]
) => string;

interface Speech {
  language: Language;
  setLanguage: (language: Language) => void;
  t: Translate;
}

const SpeechContext = createContext<Speech | null>(null);

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState(() => preferredLanguage(stored(), navigator.languages));
  const setLanguage = useCallback((next: Language) => {
    choose(next);
    try {
      localStorage.setItem(STORAGE_KEY, next);
    } catch {
      // Private windows may refuse storage: the choice then lasts until the page is closed.
    }
  }, []);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const speech = useMemo(
    () => ({ language, setLanguage, t: translator(language) }),
    [language, setLanguage],
  );
  return <SpeechContext value={speech}>{children}</SpeechContext>;
}

export function translator(language: Language): Translate {
  const column = language === "en" ? 0 : 1;
  return (key, ...[values]) => fill(catalogue[key][column], (values ?? {}), language);
}

export function useSpeech(): Speech {
  const speech = useContext(SpeechContext);
  if (speech === null) throw new Error("useSpeech needs a LanguageProvider above it");
  return speech;
}

export function useT(): Translate {
  return useSpeech().t;
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
