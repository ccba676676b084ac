/** The present moment, for what changes with time alone. */

import { useEffect, useState, useSyncExternalStore } from "react";

/** Once a second while someone wants to see it pass. */
export function useNow(ticking: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}

const ROUGHLY_MS = 5_000;
const watchers = new Set<() => void>();
let rough = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

/** Every few seconds, by one timer for all: a list has a hundred moments that grow older together. */
export function useRoughNow(): number {
  return useSyncExternalStore(watch, () => rough);
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  if (watchers.size === 1) {
    tick();
    timer = setInterval(tick, ROUGHLY_MS);
  }
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) clearInterval(timer);
  };
}

function tick(): void {
  rough = Date.now();
  watchers.forEach((watcher) => watcher());
}
