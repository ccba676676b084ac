/** Makes a policy or changes one, based on the version that was read. */

import { Button, Group, Modal, NativeSelect, NumberInput, Stack, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";

import type { Policy, PolicyRule } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { Loading } from "@/shared/ui/Loading";
import { noticeDone } from "@/shared/ui/notices";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { labelWords, readLabels } from "../label-words";
import { LabelsInput } from "../Labels";
import { useKeepPolicy, usePolicy } from "./queries";

interface PolicyDialogProps {
  /** Null: a new one. */
  policy: Policy | null;
  taken: readonly string[];
  onClose: () => void;
}

export function PolicyDialog({ policy, taken, onClose }: PolicyDialogProps) {
  const t = useT();
  const asked = usePolicy(policy?.name ?? "");
  const title = policy === null ? t("policy.add") : t("policy.changeOf", { name: policy.name });
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("action.cancel") }}>
      {policy !== null && asked.isPending && <Loading rows={5} />}
      {asked.error !== null && <ProblemAlert error={asked.error} onRetry={() => void asked.refetch()} />}
      {policy === null && <PolicyForm policy={null} version={null} taken={taken} onClose={onClose} />}
      {asked.data !== undefined && <PolicyForm policy={asked.data.value} version={asked.data.version} taken={[]} onClose={onClose} />}
    </Modal>
  );
}

const NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;
const LARGEST = 10_000;
const NEW = { name: "", provider: "docker", minimum_ready: 1, maximum: 5, labels: {} } as const;

type Change = Partial<Omit<PolicyRule, "labels"> & { name: string; words: string[] }>;

function PolicyForm({ policy, version, taken, onClose }: PolicyDialogProps & { version: string | null }) {
  const t = useT();
  const keep = useKeepPolicy();
  // Only what was typed: below it always stands what is stored, also when somebody else has just changed it.
  const [change, setChange] = useState<Change>({});
  const stored = policy ?? NEW;
  const form = { ...stored, words: labelWords(stored.labels), ...change };
  const set = (next: Change) => setChange({ ...change, ...next });
  const { labels, bad } = readLabels(form.words);
  const wrong = nameProblem(form.name, taken);
  const within = form.minimum_ready <= form.maximum;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const rule: PolicyRule = {
      provider: form.provider === "vsphere" ? "vsphere" : "docker",
      minimum_ready: form.minimum_ready,
      maximum: form.maximum,
      labels,
    };
    keep.mutate(
      { name: form.name, rule, version },
      {
        onSuccess: () => {
          noticeDone(t("policy.saved", { name: form.name }));
          onClose();
        },
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        {policy === null && (
          <TextInput
            label={t("pool.name")}
            value={form.name}
            onChange={(event) => set({ name: event.currentTarget.value })}
            error={form.name !== "" && wrong !== null ? t(wrong) : undefined}
            spellCheck={false}
            data-autofocus
          />
        )}
        <NativeSelect
          label={t("pool.provider")}
          value={form.provider}
          data={[
            { value: "docker", label: t("policy.docker") },
            { value: "vsphere", label: t("policy.vsphere") },
          ]}
          onChange={(event) => set({ provider: event.currentTarget.value === "vsphere" ? "vsphere" : "docker" })}
        />
        <Group grow align="flex-start">
          <Count label={t("policy.minimum")} value={form.minimum_ready} onChange={(minimum_ready) => set({ minimum_ready })} />
          <Count
            label={t("policy.maximum")}
            value={form.maximum}
            onChange={(maximum) => set({ maximum })}
            {...(within ? {} : { error: t("policy.overMaximum") })}
          />
        </Group>
        <LabelsInput words={form.words} onChange={(words) => set({ words })} description={t("policy.labelsHint")} />
        {keep.error !== null && <ProblemAlert error={keep.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" disabled={wrong !== null || !within || bad !== null} loading={keep.isPending}>
            {t("action.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Count({ label, value, error, onChange }: { label: string; value: number; error?: string; onChange: (value: number) => void }) {
  return (
    <NumberInput
      label={label}
      min={0}
      max={LARGEST}
      allowDecimal={false}
      value={value}
      error={error}
      onChange={(next) => onChange(Number(next))}
    />
  );
}

function nameProblem(name: string, taken: readonly string[]): "policy.nameBad" | "policy.nameTaken" | null {
  if (!NAME.test(name)) return "policy.nameBad";
  return taken.includes(name) ? "policy.nameTaken" : null;
}
