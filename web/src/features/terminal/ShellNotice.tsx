/** Why there is no shell, and what to do about it. */

import { Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";

import { Problem } from "@/api/problem";
import { useT } from "@/shared/i18n/language";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import classes from "./TerminalPage.module.css";
import type { ShellHandle } from "./use-shell";

export function ShellNotice({ shell, name }: { shell: ShellHandle; name: string }) {
  const t = useT();
  switch (shell.state.kind) {
    case "connecting":
    case "ready":
      return null;
    case "needs-sign-in":
      return <SignInToMachine shell={shell} name={name} />;
    case "exited":
      return (
        <Notice shell={shell}>
          <Text size="sm">{t("terminal.exited", { status: shell.state.status ?? "—" })}</Text>
        </Notice>
      );
    case "lost":
      return (
        <Notice shell={shell}>
          <Text size="sm">{t("terminal.lost")}</Text>
        </Notice>
      );
    case "refused": {
      const { slug, detail } = shell.state;
      return (
        <Notice shell={shell}>
          <ProblemAlert error={new Problem({ type: slug, title: detail === "" ? slug : detail, status: 0, detail })} />
        </Notice>
      );
    }
  }
}

function Notice({ shell, children }: { shell: ShellHandle; children: ReactNode }) {
  const t = useT();
  return (
    <div className={classes.notice} role="alert">
      {children}
      <Button size="xs" onClick={shell.reconnect}>
        {t("terminal.reconnect")}
      </Button>
    </div>
  );
}

function SignInToMachine({ shell, name }: { shell: ShellHandle; name: string }) {
  const t = useT();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  return (
    <form
      className={classes.notice}
      onSubmit={(event) => {
        event.preventDefault();
        shell.signIn(username, password);
      }}
    >
      <Stack gap="xs" maw={440}>
        <Text fw={600}>{t("terminal.authTitle", { name })}</Text>
        <Text size="sm">{t("terminal.authBody")}</Text>
        <Group align="flex-end" gap="xs">
          <TextInput
            label={t("signIn.username")}
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
            autoComplete="off"
            required
          />
          <PasswordInput
            label={t("signIn.password")}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            autoComplete="off"
            w={180}
          />
          <Button type="submit">{t("terminal.authSubmit")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
