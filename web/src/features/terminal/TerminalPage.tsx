/** A shell on a machine, in a window of its own. */

import "@xterm/xterm/css/xterm.css";

import { ActionIcon, Text, Tooltip } from "@mantine/core";
import { IconClipboard, IconCopy, IconRefresh, IconSearch, type TablerIcon } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useParams } from "react-router";

import { useResources } from "@/features/monitor/queries";
import { useSpeech, useT } from "@/shared/i18n/language";
import { noticeProblem } from "@/shared/ui/notices";

import { copySelection, pasteClipboard } from "./screen";
import { SearchBar } from "./SearchBar";
import { ShellNotice } from "./ShellNotice";
import classes from "./TerminalPage.module.css";
import { useShell, type ShellHandle } from "./use-shell";

export function TerminalPage() {
  const { vm = "" } = useParams();
  const t = useT();
  const machines = useResources().data?.resources;
  const name = machines?.find((one) => one.vm.id === vm || one.vm.address === vm)?.vm.name ?? vm;
  const { attach, ...shell } = useShell(vm, t("terminal.region"));
  const [searching, setSearching] = useState(false);
  useEffect(() => {
    document.title = `${name} · H-CMP`;
  }, [name]);
  return (
    <main className={classes.window}>
      <header className={classes.bar}>
        <Text component="h1" size="sm" fw={600} truncate>
          {t("terminal.title", { name })}
        </Text>
        <StateSign shell={shell} />
        <Tools shell={shell} onSearch={() => setSearching(!searching)} />
      </header>
      {searching && <SearchBar shell={shell} onClose={() => setSearching(false)} />}
      <ShellNotice shell={shell} name={name} />
      <div className={classes.screen} ref={attach} data-testid="terminal" />
    </main>
  );
}

function StateSign({ shell: { state, response } }: { shell: ShellHandle }) {
  const t = useT();
  const [tone, words] =
    state.kind === "ready"
      ? (["ok", t("terminal.connected")] as const)
      : state.kind === "connecting"
        ? (["busy", t("terminal.connecting")] as const)
        : (["bad", t("terminal.closed")] as const);
  return (
    <>
      <span className={classes.state} data-tone={tone} role="status">
        {words}
      </span>
      {response !== null && state.kind === "ready" && (
        <Text size="xs" c="#98a1b0" className="figures" visibleFrom="sm">
          {t("terminal.latency", { ms: response })}
        </Text>
      )}
    </>
  );
}

function Tools({ shell, onSearch }: { shell: ShellHandle; onSearch: () => void }) {
  const { t, language } = useSpeech();
  const withTerminal = (act: typeof copySelection) => () => {
    const terminal = shell.screen()?.terminal;
    if (terminal === undefined) return;
    act(terminal).catch((error: unknown) => noticeProblem(error, language));
    terminal.focus();
  };
  return (
    <div className={classes.tools}>
      <Tool icon={IconSearch} label={t("terminal.search")} onClick={onSearch} />
      <Tool icon={IconCopy} label={t("terminal.copy")} hint={t("terminal.copyHint")} onClick={withTerminal(copySelection)} />
      <Tool icon={IconClipboard} label={t("terminal.paste")} hint={t("terminal.copyHint")} onClick={withTerminal(pasteClipboard)} />
      <Tool icon={IconRefresh} label={t("terminal.reconnect")} onClick={shell.reconnect} />
    </div>
  );
}

interface ToolProps {
  icon: TablerIcon;
  label: string;
  hint?: string;
  onClick: () => void;
}

function Tool({ icon: Icon, label, hint, onClick }: ToolProps) {
  return (
    <Tooltip label={hint === undefined ? label : `${label}. ${hint}`}>
      <ActionIcon variant="subtle" color="gray" c="#b0b7c3" aria-label={label} onClick={onClick} className={classes.tool}>
        <Icon size={17} />
      </ActionIcon>
    </Tooltip>
  );
}
