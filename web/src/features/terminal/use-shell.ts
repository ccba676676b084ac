/** A screen joined to a shell: opened with the page, closed with it, and opened anew on request. */

import { useCallback, useEffect, useRef, useState } from "react";

import { socketAddress } from "@/api/client";
import { asProblem } from "@/api/problem";

import { openScreen, type Screen } from "./screen";
import { ShellSocket, type ShellState } from "./shell-socket";

export interface ShellHandle {
  state: ShellState;
  response: number | null;
  screen: () => Screen | null;
  reconnect: () => void;
  signIn: (username: string, password: string) => void;
}

export interface Shell extends ShellHandle {
  /** The ref of the element that the screen is opened in. */
  attach: (element: HTMLDivElement | null) => void;
}

export function useShell(vm: string, label: string): Shell {
  const [element, attach] = useState<HTMLDivElement | null>(null);
  const [state, setState] = useState<ShellState>({ kind: "connecting" });
  const [response, setResponse] = useState<number | null>(null);
  const [attempt, setAttempt] = useState(0);
  const screen = useRef<Screen | null>(null);
  const socket = useRef<ShellSocket | null>(null);

  useEffect(() => {
    if (element === null) return;
    const opened = openScreen(element, label);
    screen.current = opened;
    const { terminal } = opened;
    terminal.onData((text) => socket.current?.type(text));
    terminal.onBinary((text) => socket.current?.typeBinary(text));
    terminal.onResize(({ cols, rows }) => socket.current?.resize(cols, rows));
    return () => {
      screen.current = null;
      opened.dispose();
    };
  }, [element, label]);

  useEffect(() => {
    if (element === null) return;
    let wanted = true;
    const onState = (next: ShellState) => {
      setState(next);
      if (next.kind === "ready") begin(screen.current, socket.current);
    };
    const onBytes = (bytes: Uint8Array) => screen.current?.terminal.write(bytes);
    socketAddress(`/ws/ssh/${vm}`).then(
      (url) => {
        if (wanted) socket.current = new ShellSocket(new WebSocket(url), { onState, onBytes, onResponse: setResponse });
      },
      (error: unknown) => {
        const { slug, detail } = asProblem(error);
        if (wanted) setState({ kind: "refused", slug, detail });
      },
    );
    return () => {
      wanted = false;
      socket.current?.close();
      socket.current = null;
    };
  }, [element, vm, attempt]);

  const reconnect = useCallback(() => {
    setState({ kind: "connecting" });
    setAttempt((before) => before + 1);
  }, []);
  const signIn = useCallback((username: string, password: string) => socket.current?.signIn(username, password), []);
  return { attach, state, response, screen: () => screen.current, reconnect, signIn };
}

function begin(screen: Screen | null, socket: ShellSocket | null): void {
  if (screen === null || socket === null) return;
  screen.terminal.reset();
  screen.fit();
  socket.resize(screen.terminal.cols, screen.terminal.rows);
  screen.terminal.focus();
}
