/** The pool gets clones of a template; what is left empty follows the settings. */

import { Autocomplete, Button, Group, Modal, NumberInput, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";

import { idempotencyKey } from "@/api/client";
import type { Settings, VcenterClones } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { Loading } from "@/shared/ui/Loading";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { ImportResult } from "../ImportResult";
import { readLabels } from "../label-words";
import { LabelsInput } from "../Labels";
import { useImportFromVcenter } from "../queries";
import { useSettings } from "../settings/queries";
import { AskSettings } from "./AskSettings";
import { useVcenterNames, type VcenterKind } from "./queries";

const MOST = 50;

export function CloneDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const start = useImportFromVcenter();
  const settings = useSettings();
  const stored = settings.data?.value;
  return (
    <Modal opened onClose={onClose} title={t("vcenter.cloneTitle")} size="lg" closeButtonProps={{ "aria-label": t("action.cancel") }}>
      {settings.isPending && <Loading rows={6} />}
      {settings.error !== null && <ProblemAlert error={settings.error} onRetry={() => void settings.refetch()} />}
      {stored?.vcenter_host === "" && stored.esxi_host === "" && <AskSettings />}
      {start.data !== undefined && <ImportResult imported={start.data} onClose={onClose} />}
      {start.data === undefined && stored !== undefined && stored.vcenter_host + stored.esxi_host !== "" && (
        <CloneForm settings={stored} start={start} onClose={onClose} />
      )}
    </Modal>
  );
}

type Place = "template" | "folder" | "datastore" | "network" | "resource_pool" | "customization" | "address_range" | "gateway" | "nameservers";

const PLACES = {
  template: { label: "settings.template", stored: "vcenter_template", kind: "templates" },
  folder: { label: "settings.folder", stored: "vcenter_folder", kind: "folders" },
  datastore: { label: "settings.datastore", stored: "vcenter_datastore", kind: "datastores" },
  network: { label: "settings.network", stored: "vcenter_network", kind: "networks" },
  resource_pool: { label: "settings.resourcePool", stored: "vcenter_resource_pool", kind: null },
  customization: { label: "settings.customization", stored: "vcenter_customization", kind: null },
  address_range: { label: "settings.addressRange", stored: "vcenter_address_range", kind: null },
  gateway: { label: "settings.gateway", stored: "vcenter_gateway", kind: null },
  nameservers: { label: "settings.nameservers", stored: "vcenter_nameservers", kind: null },
} as const satisfies Record<Place, { label: string; stored: keyof Settings; kind: VcenterKind | null }>;

interface CloneFormProps {
  settings: Settings;
  start: ReturnType<typeof useImportFromVcenter>;
  onClose: () => void;
}

function CloneForm({ settings, start, onClose }: CloneFormProps) {
  const t = useT();
  // Under the same key a repeated order makes only what is missing.
  const [key] = useState(idempotencyKey);
  const [count, setCount] = useState(1);
  const [places, setPlaces] = useState<Partial<Record<Place, string>>>({});
  const [words, setWords] = useState<string[]>([]);
  const { labels, bad } = readLabels(words);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const body: VcenterClones = { provider: "vsphere", count, labels, ...places };
    start.mutate({ body, key });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text size="sm" c="var(--text-soft)">
          {t("vcenter.cloneHint")}
        </Text>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
          <NumberInput
            label={t("vcenter.cloneCount")}
            min={1}
            max={MOST}
            allowDecimal={false}
            value={count}
            onChange={(value) => setCount(Number(value))}
            data-autofocus
          />
          {(Object.keys(PLACES) as Place[]).map((place) => (
            <PlaceField
              key={place}
              place={place}
              stored={settings[PLACES[place].stored]}
              value={places[place] ?? ""}
              onChange={(value) => setPlaces({ ...places, [place]: value })}
            />
          ))}
        </SimpleGrid>
        <LabelsInput words={words} onChange={setWords} />
        {start.error !== null && <ProblemAlert error={start.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" disabled={count < 1 || bad !== null} loading={start.isPending}>
            {t("vcenter.cloneSubmit", { count })}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface PlaceFieldProps {
  place: Place;
  stored: string;
  value: string;
  onChange: (value: string) => void;
}

function PlaceField({ place, stored, value, onChange }: PlaceFieldProps) {
  const t = useT();
  const { label, kind } = PLACES[place];
  const field = { label: t(label), placeholder: stored === "" ? t("vcenter.fromSettings") : stored, value, spellCheck: false };
  if (kind !== null) return <NamedField {...field} kind={kind} onChange={onChange} />;
  return <TextInput {...field} onChange={(event) => onChange(event.currentTarget.value)} autoComplete="off" />;
}

interface NamedFieldProps {
  kind: VcenterKind;
  label: string;
  placeholder: string;
  value: string;
  spellCheck: boolean;
  onChange: (value: string) => void;
}

/** Offers what the server has, and takes what is typed where the server does not say. */
function NamedField({ kind, ...field }: NamedFieldProps) {
  return <Autocomplete {...field} data={[...useVcenterNames(kind)]} limit={50} />;
}
