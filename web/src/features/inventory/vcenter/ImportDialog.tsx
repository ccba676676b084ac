/** Machines that vCenter has join the pool: found by folder, tag or name, chosen, and told one by one how it went. */

import { Button, Group, Modal, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";

import { idempotencyKey } from "@/api/client";
import type { VcenterImport } from "@/api/contract";
import { asProblem } from "@/api/problem";
import { useT } from "@/shared/i18n/language";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { ImportResult } from "../ImportResult";
import { readLabels } from "../label-words";
import { LabelsInput } from "../Labels";
import { useImportFromVcenter } from "../queries";
import { AskSettings } from "./AskSettings";
import { FilterFields } from "./FilterFields";
import { PreviewTable } from "./PreviewTable";
import { useVcenterMachines, type MachineFilter } from "./queries";

const AT_ONCE = 100;
const BLANK = { user: "", credential: "", words: [] as string[] };

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const start = useImportFromVcenter();
  return (
    <Modal opened onClose={onClose} title={t("vcenter.importTitle")} size="xl" closeButtonProps={{ "aria-label": t("action.cancel") }}>
      {start.data === undefined ? (
        <ImportForm start={start} onClose={onClose} />
      ) : (
        <ImportResult imported={start.data} onClose={onClose} />
      )}
    </Modal>
  );
}

interface ImportFormProps {
  start: ReturnType<typeof useImportFromVcenter>;
  onClose: () => void;
}

function ImportForm({ start, onClose }: ImportFormProps) {
  const t = useT();
  const [filter, setFilter] = useState<MachineFilter>({ folder: "", tag: "", pattern: "" });
  const machines = useVcenterMachines(filter);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [form, setForm] = useState(BLANK);
  const { labels, bad } = readLabels(form.words);
  if (machines.error !== null && asProblem(machines.error).slug === "vcenter-not-configured") return <AskSettings />;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const body: VcenterImport = {
      provider: "vsphere",
      machines: [...chosen],
      labels,
      ...(form.user.trim() === "" ? {} : { ssh_user: form.user.trim() }),
      ...(form.credential.trim() === "" ? {} : { credential: form.credential }),
    };
    start.mutate({ body, key: idempotencyKey() });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text size="sm" c="var(--text-soft)">
          {t("vcenter.importHint")}
        </Text>
        <FilterFields filter={filter} onChange={setFilter} />
        <PreviewTable machines={machines} chosen={chosen} onChoose={setChosen} />
        <SignInFields form={form} onChange={setForm} />
        {chosen.size > AT_ONCE && (
          <Text size="sm" c="red" role="alert">
            {t("vcenter.atMost", { count: AT_ONCE })}
          </Text>
        )}
        {start.error !== null && <ProblemAlert error={start.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" disabled={chosen.size === 0 || chosen.size > AT_ONCE || bad !== null} loading={start.isPending}>
            {t("vcenter.importSubmit", { count: chosen.size })}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function SignInFields({ form, onChange }: { form: typeof BLANK; onChange: (form: typeof BLANK) => void }) {
  const t = useT();
  return (
    <>
      <Group grow align="flex-start" preventGrowOverflow={false}>
        <TextInput
          label={t("pool.sshUser")}
          description={t("vcenter.sshUserHint")}
          value={form.user}
          onChange={(event) => onChange({ ...form, user: event.currentTarget.value })}
          autoComplete="off"
          spellCheck={false}
        />
        <LabelsInput words={form.words} onChange={(words) => onChange({ ...form, words })} />
      </Group>
      <Textarea
        label={t("pool.credential")}
        description={t("pool.credentialHint")}
        autosize
        minRows={1}
        maxRows={6}
        value={form.credential}
        onChange={(event) => onChange({ ...form, credential: event.currentTarget.value })}
        autoComplete="off"
        spellCheck={false}
      />
    </>
  );
}
