/** Whether the values of a template's variables are allowed. The service decides; this says it sooner. */

import type { Template } from "@/api/contract";

export function fitsPattern(value: string, pattern: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    // A pattern in a dialect that browsers do not speak is left to the service.
    return true;
  }
}

export function valuesFit(template: Template | undefined, values: Record<string, string>): boolean {
  return (template?.variables ?? []).every(({ name, pattern }) => name in values ? fitsPattern(values[name] ?? "", pattern) : true);
}
