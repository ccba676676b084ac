/** Short words in the corner of the screen about what was just done. */

import { notifications } from "@mantine/notifications";

import type { Language } from "@/shared/i18n/format";

import { problemWords } from "./problem-words";

export function noticeDone(message: string): void {
  notifications.show({ message, color: "teal", autoClose: 5000 });
}

export function noticeProblem(error: unknown, language: Language): void {
  const { title, body } = problemWords(error, language);
  notifications.show({ title, message: body, color: "red", autoClose: 10_000 });
}
