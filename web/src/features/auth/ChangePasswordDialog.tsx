/** One's own password, exchanged for another: every other session ends with it. */

import { Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useState, type SubmitEvent } from "react";

import { useT } from "@/shared/i18n/language";
import { useAccount } from "@/shared/session";
import { noticeDone } from "@/shared/ui/notices";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { useChangePassword } from "./queries";

const SHORTEST = 8;

export function ChangePasswordDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const { username } = useAccount();
  const change = useChangePassword();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    change.mutate(
      { current_password: current, new_password: next },
      {
        onSuccess: () => {
          noticeDone(t("password.changed"));
          onClose();
        },
      },
    );
  };
  return (
    <Modal opened onClose={onClose} title={t("password.change")} closeButtonProps={{ "aria-label": t("action.cancel") }}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <Text size="sm" c="var(--text-soft)">
            {t("password.others")}
          </Text>
          {/* Whose password it is, for password managers. */}
          <input type="text" name="username" value={username} autoComplete="username" readOnly hidden />
          <PasswordInput
            label={t("password.current")}
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
            autoComplete="current-password"
            data-autofocus
          />
          <PasswordInput
            label={t("password.new")}
            description={t("register.passwordHint")}
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
            autoComplete="new-password"
          />
          {change.error !== null && <ProblemAlert error={change.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" disabled={current === "" || next.length < SHORTEST} loading={change.isPending}>
              {t("password.change")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
