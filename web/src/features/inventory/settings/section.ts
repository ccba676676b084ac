/** What the sections of the settings' form have in common. */

import type { Settings, SettingsChange } from "@/api/contract";

export interface SectionProps {
  form: Settings;
  onChange: (change: SettingsChange) => void;
}

type TextName = { [Name in keyof Settings]: Settings[Name] extends string ? Name : never }[keyof Settings];

/** The properties of a field of plain text. */
export function textField({ form, onChange }: SectionProps, name: TextName) {
  return {
    value: form[name],
    onChange: (event: { currentTarget: { value: string } }) => onChange({ [name]: event.currentTarget.value }),
    autoComplete: "off",
    spellCheck: false,
  };
}
