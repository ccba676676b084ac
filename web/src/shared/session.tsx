/** The session as React sees it: restored from the cookie at start, ended in every tab at sign-out. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore, type ReactNode } from "react";

import type { SignedInAccount } from "@/api/contract";
import { session, type SessionState } from "@/api/session";

const tabs = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("hcmp-session");

export function SessionProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  useEffect(() => {
    void session.restore();
    const leave = () => session.end();
    tabs?.addEventListener("message", leave);
    return () => tabs?.removeEventListener("message", leave);
  }, []);
  const state = useSession();
  useEffect(() => {
    if (state.kind === "signed-out") client.clear();
  }, [state.kind, client]);
  return children;
}

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, session.state);
}

/** The person in front of the screen; only for screens behind the sign-in. */
export function useAccount(): SignedInAccount {
  const state = useSession();
  if (state.kind !== "signed-in") throw new Error("useAccount needs a signed-in session");
  return state.account;
}

export function useIsOperator(): boolean {
  return useAccount().role === "admin";
}

/** Ends the session here and in the other tabs; the cookie is revoked by the caller before. */
export function endSession(): void {
  session.end();
  tabs?.postMessage("signed-out");
}
