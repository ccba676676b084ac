/** Every screen and its URL. Screens are loaded when they are first visited. */

import type { ComponentType } from "react";
import { createBrowserRouter, type RouteObject } from "react-router";

import { AppLayout } from "./AppLayout";
import { GuestOnly, OperatorOnly, SignedIn } from "./gates";
import { NotFoundPage } from "./NotFoundPage";
import { RouteError } from "./RouteError";

/** A part of the program is fetched when it is needed; a network that blinked meanwhile gets another chance. */
function screen(load: () => Promise<ComponentType>): () => Promise<{ Component: ComponentType }> {
  return async () => {
    for (const pause of [300, 900, 2_700]) {
      try {
        return { Component: await load() };
      } catch {
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    return { Component: await load() };
  };
}

const operatorPages: RouteObject[] = [
  { path: "pool", lazy: screen(async () => (await import("@/features/inventory/PoolPage")).PoolPage) },
  {
    path: "approvals",
    lazy: screen(async () => (await import("@/features/provisioner/approvals/ApprovalsPage")).ApprovalsPage),
  },
  { path: "accounts", lazy: screen(async () => (await import("@/features/auth/AccountsPage")).AccountsPage) },
  { path: "settings", lazy: screen(async () => (await import("@/features/inventory/settings/SettingsPage")).SettingsPage) },
];

const pages: RouteObject[] = [
  { index: true, lazy: screen(async () => (await import("./DashboardPage")).DashboardPage) },
  { path: "projects", lazy: screen(async () => (await import("@/features/provisioner/ProjectsPage")).ProjectsPage) },
  {
    path: "projects/new",
    lazy: screen(async () => (await import("@/features/provisioner/wizard/NewProjectPage")).NewProjectPage),
  },
  {
    path: "projects/:id",
    lazy: screen(async () => (await import("@/features/provisioner/project/ProjectPage")).ProjectPage),
  },
  { path: "machines", lazy: screen(async () => (await import("@/features/monitor/MachinesPage")).MachinesPage) },
  { path: "machines/:id", lazy: screen(async () => (await import("@/features/monitor/MachinePage")).MachinePage) },
  { path: "activity", lazy: screen(async () => (await import("@/features/monitor/ActivityPage")).ActivityPage) },
  { element: <OperatorOnly />, children: operatorPages },
  { path: "*", element: <NotFoundPage /> },
];

export const router = createBrowserRouter([
  {
    errorElement: <RouteError />,
    hydrateFallbackElement: <></>,
    children: [
      {
        element: <GuestOnly />,
        children: [
          { path: "/sign-in", lazy: screen(async () => (await import("@/features/auth/SignInPage")).SignInPage) },
          { path: "/register", lazy: screen(async () => (await import("@/features/auth/RegisterPage")).RegisterPage) },
        ],
      },
      {
        element: <SignedIn />,
        children: [
          {
            path: "/terminal/:vm",
            lazy: screen(async () => (await import("@/features/terminal/TerminalPage")).TerminalPage),
          },
          {
            path: "/",
            element: <AppLayout />,
            children: [{ errorElement: <RouteError />, children: pages }],
          },
        ],
      },
    ],
  },
]);
