/** Where somebody is signed in; each session can be ended by who knows the password, and all at once by anybody here. */

import { Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useState } from "react";

import type { OwnSession } from "@/api/contract";
import { useSpeech, useT } from "@/shared/i18n/language";
import { dateTime } from "@/shared/i18n/times";
import { endSession } from "@/shared/session";
import { Ago } from "@/shared/ui/Ago";
import { Loading } from "@/shared/ui/Loading";
import { noticeDone } from "@/shared/ui/notices";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { useEndOwnSession, useOwnSessions, useSignOutEverywhere } from "./queries";

export function SessionsDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const sessions = useOwnSessions();
  const everywhere = useSignOutEverywhere();
  const end = useEndOwnSession();
  const [password, setPassword] = useState("");
  const error = end.error ?? everywhere.error ?? sessions.error;
  const others = sessions.data?.filter((session) => !session.current) ?? [];
  const endOne = ({ id }: OwnSession) => end.mutate({ id, password }, { onSuccess: () => noticeDone(t("sessions.ended")) });
  return (
    <Modal opened onClose={onClose} title={t("sessions.title")} closeButtonProps={{ "aria-label": t("action.cancel") }}>
      <Stack gap="md">
        <Text size="sm" c="var(--text-soft)">
          {t("sessions.hint")}
        </Text>
        {others.length > 0 && (
          <PasswordInput
            label={t("password.current")}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            autoComplete="current-password"
          />
        )}
        {sessions.data === undefined ? (
          error === null && <Loading />
        ) : (
          <Stack gap="xs" role="list">
            {sessions.data.map((session) => (
              <SessionRow
                key={session.id}
                session={session}
                onEnd={() => endOne(session)}
                disabled={password === "" || end.isPending}
              />
            ))}
          </Stack>
        )}
        {error !== null && <ProblemAlert error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={() => everywhere.mutate(undefined, { onSuccess: endSession })} loading={everywhere.isPending}>
            {t("sessions.everywhere")}
          </Button>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

interface SessionRowProps {
  session: OwnSession;
  onEnd: () => void;
  disabled: boolean;
}

function SessionRow({ session, onEnd, disabled }: SessionRowProps) {
  const { t, language } = useSpeech();
  return (
    <Group role="listitem" justify="space-between" wrap="nowrap">
      <div>
        <Text size="sm">
          {t("sessions.begun")} <Ago time={session.started_at} />
        </Text>
        <Text size="xs" c="var(--text-soft)">
          {t("sessions.until", { time: dateTime(session.expires_at, language) })}
        </Text>
      </div>
      {session.current ? (
        <Text size="sm" c="var(--text-soft)">
          {t("sessions.current")}
        </Text>
      ) : (
        <Button size="xs" variant="default" onClick={onEnd} disabled={disabled}>
          {t("sessions.end")}
        </Button>
      )}
    </Group>
  );
}
