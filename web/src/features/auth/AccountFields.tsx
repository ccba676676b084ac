/** An account's role and quotas, changed where they stand. */

import { NumberInput, Select } from "@mantine/core";
import { useState } from "react";

import type { Account } from "@/api/contract";
import { useSpeech } from "@/shared/i18n/language";
import { noticeProblem } from "@/shared/ui/notices";

import { useAmendAccount } from "./queries";

const ROLES = ["user", "viewer", "admin"] as const;

export function RoleField({ account, disabled }: { account: Account; disabled: boolean }) {
  const { t, language } = useSpeech();
  const amend = useAmendAccount(account);
  return (
    <Select
      size="xs"
      w={120}
      aria-label={`${t("accounts.role")}: ${account.username}`}
      value={account.role}
      data={ROLES.map((role) => ({ value: role, label: t(`role.${role}`) }))}
      allowDeselect={false}
      disabled={disabled || amend.isPending}
      onChange={(role) => {
        if (role !== null) amend.mutate({ role }, { onError: (error) => noticeProblem(error, language) });
      }}
    />
  );
}

const QUOTAS = {
  machine_quota: { label: "accounts.quota", most: 10_000 },
  run_quota: { label: "accounts.runQuota", most: 1_000 },
} as const;

interface QuotaFieldProps {
  account: Account;
  quota: keyof typeof QUOTAS;
}

/** How much the account may have at once; sent when the field is left or Enter is pressed. */
export function QuotaField({ account, quota }: QuotaFieldProps) {
  const { t, language } = useSpeech();
  const amend = useAmendAccount(account);
  const [typed, setTyped] = useState<number | null>(null);
  const { label, most } = QUOTAS[quota];
  const send = () => {
    if (typed === null || typed === account[quota]) return;
    amend.mutate(
      { [quota]: typed },
      { onError: (error) => noticeProblem(error, language), onSettled: () => setTyped(null) },
    );
  };
  return (
    <NumberInput
      size="xs"
      w={84}
      aria-label={`${t(label)}: ${account.username}`}
      min={0}
      max={most}
      allowDecimal={false}
      value={typed ?? account[quota]}
      disabled={amend.isPending}
      onChange={(value) => setTyped(typeof value === "number" ? value : null)}
      onBlur={send}
      onKeyDown={(event) => {
        if (event.key === "Enter") send();
      }}
    />
  );
}
