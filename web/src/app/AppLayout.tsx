/** The frame around the screens: navigation at the side, on a phone behind a button. */

import { AppShell, Box, Burger, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useEffect } from "react";
import { Outlet, useLocation } from "react-router";

import { useT } from "@/shared/i18n/language";

import { AccountMenu } from "./AccountMenu";
import classes from "./AppLayout.module.css";
import { MaintenanceBanner } from "./MaintenanceBanner";
import { Navigation } from "./Navigation";
import { Wordmark } from "./Wordmark";

export function AppLayout() {
  const t = useT();
  const [opened, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  useEffect(close, [pathname, close]);
  return (
    <AppShell
      header={{ height: { base: 52, sm: 0 } }}
      navbar={{ width: 228, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={0}
    >
      <a className={classes.skip} href="#content">
        {t("app.skip")}
      </a>
      <AppShell.Header hiddenFrom="sm" className={classes.header}>
        <Group h="100%" px="md" justify="space-between">
          <Wordmark />
          <Burger opened={opened} onClick={toggle} size="sm" aria-label={t(opened ? "nav.close" : "nav.open")} aria-expanded={opened} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar}>
        <Box visibleFrom="sm" className={classes.brand}>
          <Wordmark />
        </Box>
        <Navigation />
        <AccountMenu />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={classes.main}>
        <MaintenanceBanner />
        <div className={classes.page}>
          <Outlet />
        </div>
      </AppShell.Main>
    </AppShell>
  );
}
