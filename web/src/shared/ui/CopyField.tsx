/** A text to take along: shown as it is, with a button that copies it. */

import { Button, Code, Group } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useId, useState } from "react";

import { useT } from "@/shared/i18n/language";

export function CopyField({ label, text }: { label: string; text: string }) {
  const t = useT();
  const id = useId();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // On plain http from another computer there is no clipboard: the text is selected, for Ctrl+C.
      window.getSelection()?.selectAllChildren(document.getElementById(id) ?? document.body);
    }
  };
  return (
    <Group gap="xs" align="flex-start" wrap="nowrap">
      <Code block id={id} role="textbox" aria-readonly aria-label={label} tabIndex={0} style={{ flex: 1, minWidth: 0, whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {text}
      </Code>
      <Button
        size="xs"
        variant="default"
        leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
        onClick={copy}
      >
        {t(copied ? "action.copied" : "action.copy")}
      </Button>
    </Group>
  );
}
