/** The terminal on the page: xterm.js with what it needs to fit, search, copy and paste. */

import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Terminal } from "@xterm/xterm";

const colours = {
  background: "#0e1116",
  foreground: "#d3d8e0",
  cursor: "#86aef8",
  selectionBackground: "#31456e",
  black: "#3b4351",
  red: "#f2837c",
  green: "#6fcf97",
  yellow: "#e0b662",
  blue: "#82aaf7",
  magenta: "#c3a1f2",
  cyan: "#66c7d6",
  white: "#d3d8e0",
  brightBlack: "#7a8495",
  brightRed: "#ff9d96",
  brightGreen: "#8ae6b1",
  brightYellow: "#f2cd80",
  brightBlue: "#a3c3ff",
  brightMagenta: "#d8bcff",
  brightCyan: "#86e0ee",
  brightWhite: "#ffffff",
};

export interface Screen {
  terminal: Terminal;
  search: SearchAddon;
  fit: () => void;
  dispose: () => void;
}

export function openScreen(element: HTMLElement, label: string): Screen {
  const terminal = new Terminal({
    allowProposedApi: true,
    cursorBlink: true,
    fontFamily: '"JetBrains Mono Variable", ui-monospace, Menlo, Consolas, "Noto Sans KR Variable", monospace',
    fontSize: 14,
    lineHeight: 1.2,
    scrollback: 10_000,
    screenReaderMode: true,
    theme: colours,
  });
  const fit = new FitAddon();
  const search = new SearchAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(search);
  terminal.open(element);
  terminal.textarea?.setAttribute("aria-label", label);
  terminal.attachCustomKeyEventHandler((event) => !copiesOrPastes(event, terminal));
  const observer = new ResizeObserver(() => fit.fit());
  observer.observe(element);
  fit.fit();
  return {
    terminal,
    search,
    fit: () => fit.fit(),
    dispose: () => {
      observer.disconnect();
      terminal.dispose();
    },
  };
}

/** Ctrl+Shift+C copies, since Ctrl+C belongs to the shell; Ctrl+Shift+V is left to the browser's own paste. */
function copiesOrPastes(event: KeyboardEvent, terminal: Terminal): boolean {
  if (!event.ctrlKey || !event.shiftKey) return false;
  if (event.code === "KeyV") return true;
  if (event.code !== "KeyC") return false;
  event.preventDefault();
  if (event.type === "keydown") void copySelection(terminal);
  return true;
}

export async function copySelection(terminal: Terminal): Promise<void> {
  if (terminal.hasSelection()) await navigator.clipboard.writeText(terminal.getSelection());
}

export async function pasteClipboard(terminal: Terminal): Promise<void> {
  terminal.paste(await navigator.clipboard.readText());
}
