/** Finds text in what the terminal has shown. */

import { ActionIcon, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconX } from "@tabler/icons-react";
import { useState, type KeyboardEvent } from "react";

import { useT } from "@/shared/i18n/language";

import classes from "./TerminalPage.module.css";
import type { ShellHandle } from "./use-shell";

export function SearchBar({ shell, onClose }: { shell: ShellHandle; onClose: () => void }) {
  const t = useT();
  const [text, setText] = useState("");
  const find = (wanted: string, backwards: boolean) => {
    const search = shell.screen()?.search;
    if (backwards) search?.findPrevious(wanted);
    else search?.findNext(wanted);
  };
  const close = () => {
    shell.screen()?.search.clearDecorations();
    shell.screen()?.terminal.focus();
    onClose();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") find(text, !event.shiftKey);
    if (event.key === "Escape") close();
  };
  return (
    <div className={classes.searchBar} role="search">
      <TextInput
        size="xs"
        classNames={{ input: classes.searchInput ?? "" }}
        value={text}
        placeholder={t("terminal.searchLabel")}
        aria-label={t("terminal.searchLabel")}
        ref={(input) => input?.focus()}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setText(event.currentTarget.value);
          find(event.currentTarget.value, true);
        }}
        style={{ flex: 1, maxWidth: 320 }}
      />
      <ActionIcon variant="subtle" c="#b0b7c3" className={classes.tool} aria-label={t("log.previous")} onClick={() => find(text, true)}>
        <IconChevronUp size={16} />
      </ActionIcon>
      <ActionIcon variant="subtle" c="#b0b7c3" className={classes.tool} aria-label={t("log.next")} onClick={() => find(text, false)}>
        <IconChevronDown size={16} />
      </ActionIcon>
      <ActionIcon variant="subtle" c="#b0b7c3" className={classes.tool} aria-label={t("terminal.closeSearch")} onClick={close}>
        <IconX size={16} />
      </ActionIcon>
    </div>
  );
}
