/** The frame of the screens before sign-in: the mark, one card, language and appearance. */

import { ActionIcon, Menu, Stack, Text, Title } from "@mantine/core";
import { IconLanguage } from "@tabler/icons-react";
import { useEffect, type ReactNode } from "react";

import { Preferences } from "@/app/AccountMenu";
import { Wordmark } from "@/app/Wordmark";
import { useT } from "@/shared/i18n/language";

import classes from "./GuestFrame.module.css";

export function GuestFrame({ title, under, children }: { title: string; under?: string; children: ReactNode }) {
  const t = useT();
  useEffect(() => {
    document.title = `${title} · H-CMP`;
  }, [title]);
  return (
    <main className={classes.page}>
      <div className={classes.corner}>
        <Menu position="bottom-end" width={200}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`${t("shell.language")}, ${t("shell.scheme")}`}>
              <IconLanguage size={19} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Preferences />
          </Menu.Dropdown>
        </Menu>
      </div>
      <div className={classes.card}>
        <Stack gap={4} mb="lg">
          <Wordmark />
          <Title order={1} mt="md">
            {title}
          </Title>
          <Text size="sm" c="var(--text-soft)">
            {under ?? t("app.tagline")}
          </Text>
        </Stack>
        {children}
      </div>
    </main>
  );
}
