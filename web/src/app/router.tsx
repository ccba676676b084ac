/** Every screen and its URL. Screens are loaded when they are first visited. */

import { createBrowserRouter, type RouteObject } from "react-router";

import { AppLayout } from "./AppLayout";
import { GuestOnly, OperatorOnly, SignedIn } from "./gates";
import { NotFoundPage } from "./NotFoundPage";
import { RouteError } from "./RouteError";

const operatorPages: RouteObject[] = [
  { path: "pool", lazy: async () => ({ Component: (await import("@/features/inventory/PoolPage")).PoolPage }) },
  { path: "accounts", lazy: async () => ({ Component: (await import("@/features/auth/AccountsPage")).AccountsPage }) },
  { path: "settings", lazy: async () => ({ Component: (await import("@/features/inventory/SettingsPage")).SettingsPage }) },
];

const pages: RouteObject[] = [
  { index: true, lazy: async () => ({ Component: (await import("./DashboardPage")).DashboardPage }) },
  { path: "projects", lazy: async () => ({ Component: (await import("@/features/provisioner/ProjectsPage")).ProjectsPage }) },
  {
    path: "projects/new",
    lazy: async () => ({ Component: (await import("@/features/provisioner/wizard/NewProjectPage")).NewProjectPage }),
  },
  {
    path: "projects/:id",
    lazy: async () => ({ Component: (await import("@/features/provisioner/project/ProjectPage")).ProjectPage }),
  },
  { path: "machines", lazy: async () => ({ Component: (await import("@/features/monitor/MachinesPage")).MachinesPage }) },
  { path: "machines/:id", lazy: async () => ({ Component: (await import("@/features/monitor/MachinePage")).MachinePage }) },
  { path: "activity", lazy: async () => ({ Component: (await import("@/features/monitor/ActivityPage")).ActivityPage }) },
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
          { path: "/sign-in", lazy: async () => ({ Component: (await import("@/features/auth/SignInPage")).SignInPage }) },
          { path: "/register", lazy: async () => ({ Component: (await import("@/features/auth/RegisterPage")).RegisterPage }) },
        ],
      },
      {
        element: <SignedIn />,
        children: [
          {
            path: "/terminal/:vm",
            lazy: async () => ({ Component: (await import("@/features/terminal/TerminalPage")).TerminalPage }),
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
