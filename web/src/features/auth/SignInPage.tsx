/** Signing in; a pending account is told that it waits. */

import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { IconClock } from "@tabler/icons-react";
import { useState, type SubmitEvent } from "react";
import { Link } from "react-router";

import { asProblem } from "@/api/problem";
import { useT } from "@/shared/i18n/language";
import { Callout } from "@/shared/ui/Callout";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { GuestFrame } from "./GuestFrame";
import { useSignIn } from "./queries";

export function SignInPage() {
  const t = useT();
  const signIn = useSignIn();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    signIn.mutate({ username: username.trim(), password });
  };
  return (
    <GuestFrame title={t("signIn.title")}>
      <form onSubmit={submit}>
        <Stack gap="md">
          {signIn.error !== null && <Refusal error={signIn.error} />}
          <TextInput
            label={t("signIn.username")}
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            withAsterisk={false}
          />
          <PasswordInput
            label={t("signIn.password")}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            autoComplete="current-password"
            required
            withAsterisk={false}
          />
          <Button type="submit" fullWidth size="md" loading={signIn.isPending}>
            {t("signIn.submit")}
          </Button>
          <Text size="sm" ta="center" c="var(--text-soft)">
            {t("signIn.noAccount")}{" "}
            <Anchor component={Link} to="/register" size="sm">
              {t("signIn.register")}
            </Anchor>
          </Text>
        </Stack>
      </form>
    </GuestFrame>
  );
}

function Refusal({ error }: { error: unknown }) {
  const t = useT();
  if (asProblem(error).slug !== "account-pending") return <ProblemAlert error={error} />;
  return (
    <Callout tone="notice" icon={IconClock} title={t("signIn.pendingTitle")} role="alert">
      {t("signIn.pendingBody")}
    </Callout>
  );
}
