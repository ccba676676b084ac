/** A machine that exists already joins the pool. */

import { Button, Group, Modal, NumberInput, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";

import type { NewMachine } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { noticeDone } from "@/shared/ui/notices";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { readLabels } from "./label-words";
import { LabelsInput } from "./Labels";
import { useAddMachine } from "./queries";

const BLANK = { name: "", address: "", ssh_host: "", ssh_port: 22, ssh_user: "hcmp", credential: "", certificate: "", words: [] as string[] };

export function AddMachineDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const add = useAddMachine();
  const [form, setForm] = useState(BLANK);
  const complete = form.name.trim() !== "" && form.address.trim() !== "" && form.ssh_user.trim() !== "" && readLabels(form.words).bad === null;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    add.mutate(asRequest(form), {
      onSuccess: () => {
        noticeDone(t("pool.added", { name: form.name }));
        onClose();
      },
    });
  };
  return (
    <Modal opened onClose={onClose} title={t("pool.addTitle")} closeButtonProps={{ "aria-label": t("action.cancel") }}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <Text size="sm" c="var(--text-soft)">
            {t("pool.addHint")}
          </Text>
          <Fields form={form} onChange={setForm} />
          {add.error !== null && <ProblemAlert error={add.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" disabled={!complete} loading={add.isPending}>
              {t("pool.addSubmit")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Fields({ form, onChange }: { form: typeof BLANK; onChange: (form: typeof BLANK) => void }) {
  const t = useT();
  const text = (name: "name" | "address" | "ssh_host" | "ssh_user" | "credential" | "certificate") => ({
    value: form[name],
    onChange: (event: { currentTarget: { value: string } }) => onChange({ ...form, [name]: event.currentTarget.value }),
    spellCheck: false,
    autoComplete: "off",
  });
  return (
    <>
      <TextInput label={t("pool.name")} data-autofocus {...text("name")} />
      <TextInput label={t("pool.address")} description={t("pool.addressHint")} {...text("address")} />
      <TextInput
        label={t("pool.sshHost")}
        description={t("pool.sshHostHint")}
        placeholder={form.address}
        {...text("ssh_host")}
      />
      <Group grow align="flex-start">
        <NumberInput
          label={t("pool.sshPort")}
          min={1}
          max={65535}
          allowDecimal={false}
          value={form.ssh_port}
          onChange={(value) => onChange({ ...form, ssh_port: Number(value) })}
        />
        <TextInput label={t("pool.sshUser")} {...text("ssh_user")} />
      </Group>
      <Textarea
        label={t("pool.credential")}
        description={t("pool.credentialHint")}
        minRows={2}
        autosize
        maxRows={6}
        {...text("credential")}
      />
      {form.credential.includes("PRIVATE KEY") && (
        <TextInput label={t("pool.certificate")} description={t("pool.certificateHint")} {...text("certificate")} />
      )}
      <LabelsInput words={form.words} onChange={(words) => onChange({ ...form, words })} />
    </>
  );
}

function asRequest(form: typeof BLANK): NewMachine {
  const { credential, certificate, ssh_host: host, words, ...machine } = form;
  return {
    ...machine,
    name: form.name.trim(),
    address: form.address.trim(),
    labels: readLabels(words).labels,
    ...(host.trim() === "" ? {} : { ssh_host: host.trim() }),
    ...(credential.trim() === "" ? {} : { credential }),
    ...(certificate.trim() === "" ? {} : { certificate: certificate.trim() }),
  };
}
