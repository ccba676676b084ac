/** Who is signed in, how the interface speaks and looks, and the way out. */

import { Avatar, Menu, Text, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { IconCheck, IconChevronUp, IconDeviceDesktop, IconLogout, IconMoon, IconSun } from "@tabler/icons-react";

import { signOut } from "@/features/auth/queries";
import { useSpeech } from "@/shared/i18n/language";
import { useAccount } from "@/shared/session";

import classes from "./AppLayout.module.css";

export function AccountMenu() {
  const { t } = useSpeech();
  const account = useAccount();
  return (
    <Menu position="top-start" width={212} offset={6}>
      <Menu.Target>
        <UnstyledButton className={classes.account} aria-label={t("shell.account", { username: account.username })}>
          <Avatar size={30} radius="xl" className={classes.avatar ?? ""} name={account.username} aria-hidden />
          <span style={{ minWidth: 0, flex: 1 }}>
            <Text size="sm" fw={570} truncate lh={1.25}>
              {account.username}
            </Text>
            <Text size="xs" c="var(--text-soft)" lh={1.3}>
              {t(`role.${account.role}`)}
            </Text>
          </span>
          <IconChevronUp size={15} color="var(--text-soft)" aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Preferences />
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void signOut()}>
          {t("shell.signOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Language and appearance, as items of a menu. */
export function Preferences() {
  const { t, language, setLanguage } = useSpeech();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const tick = <IconCheck size={15} aria-hidden />;
  const schemes = [
    ["auto", IconDeviceDesktop],
    ["light", IconSun],
    ["dark", IconMoon],
  ] as const;
  return (
    <>
      <Menu.Label>{t("shell.language")}</Menu.Label>
      {(["ko", "en"] as const).map((choice) => (
        <Menu.Item
          key={choice}
          lang={choice}
          role="menuitemradio"
          aria-checked={language === choice}
          rightSection={language === choice && tick}
          onClick={() => setLanguage(choice)}
        >
          {choice === "ko" ? "한국어" : "English"}
        </Menu.Item>
      ))}
      <Menu.Label>{t("shell.scheme")}</Menu.Label>
      {schemes.map(([scheme, Icon]) => (
        <Menu.Item
          key={scheme}
          role="menuitemradio"
          aria-checked={colorScheme === scheme}
          leftSection={<Icon size={15} aria-hidden />}
          rightSection={colorScheme === scheme && tick}
          onClick={() => setColorScheme(scheme)}
        >
          {t(`shell.${scheme}`)}
        </Menu.Item>
      ))}
    </>
  );
}
