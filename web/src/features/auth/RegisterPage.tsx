/** Asking for an account. */

import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { IconClock } from "@tabler/icons-react";
import { useState, type SubmitEvent } from "react";
import { Link } from "react-router";

import type { MessageKey } from "@/shared/i18n/catalogue";
import { useT } from "@/shared/i18n/language";
import { Callout } from "@/shared/ui/Callout";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { GuestFrame } from "./GuestFrame";
import { useRegister } from "./queries";

const EMPTY = { username: "", full_name: "", email: "", password: "" };
type Form = typeof EMPTY;
type Complaints = Partial<Record<keyof Form, FieldComplaint>>;
type FieldComplaint = Extract<MessageKey, "field.required" | `register.${"badUsername" | "badEmail" | "shortPassword"}`>;

export function RegisterPage() {
  const t = useT();
  const register = useRegister();
  if (register.isSuccess) return <Waiting username={register.data.username} />;
  return (
    <GuestFrame title={t("register.title")} under={t("register.intro")}>
      <RegisterForm pending={register.isPending} error={register.error} onSubmit={(form) => register.mutate(form)} />
    </GuestFrame>
  );
}

interface RegisterFormProps {
  pending: boolean;
  error: unknown;
  onSubmit: (form: Form) => void;
}

function RegisterForm({ pending, error, onSubmit }: RegisterFormProps) {
  const t = useT();
  const [form, setForm] = useState(EMPTY);
  const [tried, setTried] = useState(false);
  const wrong = complaints(form);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(wrong).length === 0) onSubmit(form);
  };
  const field = (name: keyof Form) => ({
    value: form[name],
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }),
    error: tried && wrong[name] !== undefined ? t(wrong[name]) : null,
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        {error !== null && <ProblemAlert error={error} />}
        <TextInput
          label={t("signIn.username")}
          description={t("register.usernameHint")}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          {...field("username")}
        />
        <TextInput label={t("register.fullName")} autoComplete="name" {...field("full_name")} />
        <TextInput label={t("register.email")} type="email" autoComplete="email" {...field("email")} />
        <PasswordInput
          label={t("signIn.password")}
          description={t("register.passwordHint")}
          autoComplete="new-password"
          {...field("password")}
        />
        <Button type="submit" fullWidth size="md" loading={pending}>
          {t("register.submit")}
        </Button>
        <Text size="sm" ta="center" c="var(--text-soft)">
          {t("register.haveAccount")}{" "}
          <Anchor component={Link} to="/sign-in" size="sm">
            {t("signIn.submit")}
          </Anchor>
        </Text>
      </Stack>
    </form>
  );
}

function complaints(form: Form): Complaints {
  const wrong: Complaints = {};
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$/.test(form.username)) wrong.username = "register.badUsername";
  if (form.full_name.trim() === "") wrong.full_name = "field.required";
  if (!/^[^\s@]+@[^\s@]+$/.test(form.email)) wrong.email = "register.badEmail";
  if (form.password.length < 8) wrong.password = "register.shortPassword";
  return wrong;
}

function Waiting({ username }: { username: string }) {
  const t = useT();
  return (
    <GuestFrame title={t("register.doneTitle")}>
      <Stack gap="md">
        <Callout tone="notice" icon={IconClock} title={t("signIn.pendingTitle")} role="status">
          {t("register.doneBody", { username })}
        </Callout>
        <Button component={Link} to="/sign-in" variant="default" fullWidth>
          {t("register.toSignIn")}
        </Button>
      </Stack>
    </GuestFrame>
  );
}
