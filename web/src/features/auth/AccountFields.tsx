/** An account's role and quota, changed where they stand. */

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

/** How many machines the account may hold at once; sent when the field is left or Enter is pressed. */
export function QuotaField({ account }: { account: Account }) {
  const { t, language } = useSpeech();
  const amend = useAmendAccount(account);
  const [typed, setTyped] = useState<number | null>(null);
  const send = () => {
    if (typed === null || typed === account.machine_quota) return;
    amend.mutate(
      { machine_quota: typed },
      { onError: (error) => noticeProblem(error, language), onSettled: () => setTyped(null) },
    );
  };
  return (
    <NumberInput
      size="xs"
      w={90}
      aria-label={`${t("accounts.quota")}: ${account.username}`}
      min={0}
      max={10_000}
      allowDecimal={false}
      value={typed ?? account.machine_quota}
      disabled={amend.isPending}
      onChange={(value) => setTyped(typeof value === "number" ? value : null)}
      onBlur={send}
      onKeyDown={(event) => {
        if (event.key === "Enter") send();
      }}
    />
  );
}
