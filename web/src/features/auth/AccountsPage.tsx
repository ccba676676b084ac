/** Who may use the platform: those who wait first. */

import { Badge, Button, Group, Stack, Table, Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useState } from "react";

import type { Account } from "@/api/contract";
import { useSpeech, useT } from "@/shared/i18n/language";
import { useAccount } from "@/shared/session";
import { Ago } from "@/shared/ui/Ago";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { Loading } from "@/shared/ui/Loading";
import { noticeDone, noticeProblem } from "@/shared/ui/notices";
import { PageHeader } from "@/shared/ui/PageHeader";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";
import { StateBadge } from "@/shared/ui/StateBadge";
import { accountLooks } from "@/shared/ui/states";

import { QuotaField, RoleField } from "./AccountFields";
import { useAccountOrder, useAccounts } from "./queries";

export function AccountsPage() {
  const t = useT();
  const accounts = useAccounts();
  const all = accounts.data?.accounts ?? [];
  return (
    <>
      <PageHeader title={t("accounts.title")} />
      {accounts.error !== null && <ProblemAlert error={accounts.error} onRetry={() => void accounts.refetch()} />}
      <Stack gap="md">
        <Panel title={t("accounts.waiting")} flush>
          {accounts.isPending ? <Loading rows={2} /> : <Waiting accounts={all.filter((one) => one.status === "pending")} />}
        </Panel>
        <Panel title={t("accounts.all")} flush>
          {accounts.isPending ? <Loading rows={5} /> : <AccountTable accounts={all.filter((one) => one.status !== "pending")} />}
        </Panel>
      </Stack>
    </>
  );
}

function Waiting({ accounts }: { accounts: readonly Account[] }) {
  const t = useT();
  if (accounts.length === 0) {
    return (
      <Text size="sm" c="var(--text-soft)" p="md">
        {t("accounts.nobodyWaits")}
      </Text>
    );
  }
  return (
    <Table.ScrollContainer minWidth={480}>
      <Table aria-label={t("accounts.waiting")}>
        <Table.Tbody>
          {accounts.map((account) => (
            <WaitingRow key={account.id} account={account} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function WaitingRow({ account }: { account: Account }) {
  const { t, language } = useSpeech();
  const approve = useAccountOrder("approve");
  const give = () =>
    approve.mutate(account, {
      onSuccess: () => noticeDone(t("accounts.approved", { username: account.username })),
      onError: (error) => noticeProblem(error, language),
    });
  return (
    <Table.Tr>
      <Table.Td>
        <Person account={account} />
      </Table.Td>
      <Table.Td c="var(--text-soft)"><Ago time={account.registered_at} /></Table.Td>
      <Table.Td ta="right">
        <Button
          size="xs"
          leftSection={<IconCheck size={15} />}
          loading={approve.isPending}
          onClick={give}
          aria-label={`${t("accounts.approve")}: ${account.username}`}
        >
          {t("accounts.approve")}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

function AccountTable({ accounts }: { accounts: readonly Account[] }) {
  const t = useT();
  const me = useAccount();
  return (
    <Table.ScrollContainer minWidth={780}>
      <Table highlightOnHover aria-label={t("accounts.all")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("accounts.person")}</Table.Th>
            <Table.Th>{t("accounts.role")}</Table.Th>
            <Table.Th>{t("accounts.quota")}</Table.Th>
            <Table.Th>{t("accounts.runQuota")}</Table.Th>
            <Table.Th>{t("accounts.status")}</Table.Th>
            <Table.Th>{t("accounts.since")}</Table.Th>
            <Table.Th>
              <span className="visually-hidden">{t("table.actions")}</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {accounts.map((account) => (
            <Table.Tr key={account.id}>
              <Table.Td>
                <Person account={account} you={account.id === me.id} />
              </Table.Td>
              <Table.Td>
                <RoleField account={account} disabled={account.id === me.id} />
              </Table.Td>
              <Table.Td>
                <QuotaField account={account} quota="machine_quota" />
              </Table.Td>
              <Table.Td>
                <QuotaField account={account} quota="run_quota" />
              </Table.Td>
              <Table.Td>
                <StateBadge look={accountLooks[account.status]} />
              </Table.Td>
              <Table.Td c="var(--text-soft)"><Ago time={account.registered_at} /></Table.Td>
              <Table.Td ta="right">{account.id !== me.id && <AccountActions account={account} />}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Person({ account, you = false }: { account: Account; you?: boolean }) {
  const t = useT();
  return (
    <>
      <Group gap={6}>
        <Text size="sm" fw={560}>
          {account.username}
        </Text>
        {you && (
          <Badge size="xs" variant="default">
            {t("accounts.you")}
          </Badge>
        )}
      </Group>
      <Text size="xs" c="var(--text-soft)">
        {[account.full_name, account.email].filter(Boolean).join(" · ")}
      </Text>
    </>
  );
}

function AccountActions({ account }: { account: Account }) {
  const { t, language } = useSpeech();
  const [asking, setAsking] = useState(false);
  const suspend = useAccountOrder("suspend");
  const reactivate = useAccountOrder("reactivate");
  if (account.status === "suspended") {
    const onError = (error: unknown) => noticeProblem(error, language);
    return (
      <Button size="xs" variant="default" loading={reactivate.isPending} onClick={() => reactivate.mutate(account, { onError })}>
        {t("accounts.reactivate")}
      </Button>
    );
  }
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setAsking(true)}>
        {t("accounts.suspend")}
      </Button>
      {asking && (
        <ConfirmDialog
          title={t("accounts.suspendTitle", { username: account.username })}
          body={t("accounts.suspendBody")}
          action={t("accounts.suspend")}
          destructive
          pending={suspend.isPending}
          error={suspend.error}
          onConfirm={() => suspend.mutate(account, { onSuccess: () => setAsking(false) })}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
