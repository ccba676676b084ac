/** Who is signed in, how the interface speaks and looks, and the way out. */

import { Avatar, Menu, Text, UnstyledButton, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronUp, IconDevices, IconKey, IconLogout } from "@tabler/icons-react";

import { ChangePasswordDialog } from "@/features/auth/ChangePasswordDialog";
import { SessionsDialog } from "@/features/auth/SessionsDialog";
import { signOut } from "@/features/auth/queries";
import { useSpeech } from "@/shared/i18n/language";
import { useAccount } from "@/shared/session";

import classes from "./AppLayout.module.css";

export function AccountMenu() {
  const { t } = useSpeech();
  const account = useAccount();
  const [changing, password] = useDisclosure();
  const [looking, sessions] = useDisclosure();
  return (
    <>
      {changing && <ChangePasswordDialog onClose={password.close} />}
      {looking && <SessionsDialog onClose={sessions.close} />}
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
          <Menu.Item leftSection={<IconKey size={15} />} onClick={password.open}>
            {t("password.change")}
          </Menu.Item>
          <Menu.Item leftSection={<IconDevices size={15} />} onClick={sessions.open}>
            {t("sessions.title")}
          </Menu.Item>
          <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void signOut()}>
            {t("shell.signOut")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

/** Language and appearance, as items of a menu. */
export function Preferences() {
  const { t, language, setLanguage } = useSpeech();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <>
      <Menu.Label>{t("shell.language")}</Menu.Label>
      <Menu.RadioGroup value={language} onChange={(choice) => setLanguage(choice === "ko" ? "ko" : "en")}>
        <Menu.RadioItem value="ko" lang="ko" closeMenuOnClick>
          한국어
        </Menu.RadioItem>
        <Menu.RadioItem value="en" lang="en" closeMenuOnClick>
          English
        </Menu.RadioItem>
      </Menu.RadioGroup>
      <Menu.Label>{t("shell.scheme")}</Menu.Label>
      <Menu.RadioGroup value={colorScheme} onChange={(scheme) => setColorScheme(scheme as MantineColorScheme)}>
        {(["auto", "light", "dark"] as const).map((scheme) => (
          <Menu.RadioItem key={scheme} value={scheme}>
            {t(`shell.${scheme}`)}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </>
  );
}
