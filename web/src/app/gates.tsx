/** Who may see which part of the tree. The services decide; these only spare people a refusal. */

import { Center, Loader } from "@mantine/core";
import { Navigate, Outlet, useLocation } from "react-router";

import { useT } from "@/shared/i18n/language";
import { useIsOperator, useSession } from "@/shared/session";

import { NotFoundPage } from "./NotFoundPage";

export function SignedIn() {
  const state = useSession();
  const { pathname, search } = useLocation();
  switch (state.kind) {
    case "restoring":
      return <Restoring />;
    case "signed-out":
      return <Navigate to={`/sign-in?to=${encodeURIComponent(pathname + search)}`} replace />;
    case "signed-in":
      return <Outlet />;
  }
}

export function GuestOnly() {
  const state = useSession();
  const { search } = useLocation();
  switch (state.kind) {
    case "restoring":
      return <Restoring />;
    case "signed-out":
      return <Outlet />;
    case "signed-in":
      return <Navigate to={destination(search)} replace />;
  }
}

export function OperatorOnly() {
  return useIsOperator() ? <Outlet /> : <NotFoundPage />;
}

/** Where someone wanted to go before signing in; only ever a path of this site. */
function destination(search: string): string {
  const wanted = new URLSearchParams(search).get("to") ?? "/";
  return /^\/(?![/\\])/.test(wanted) ? wanted : "/";
}

function Restoring() {
  const t = useT();
  return (
    <Center h="100dvh" role="status" aria-label={t("loading")}>
      <Loader size="sm" />
    </Center>
  );
}
