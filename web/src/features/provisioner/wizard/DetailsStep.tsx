/** Name, packages and lease of the new project. */

import { Input, SegmentedControl, Stack, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";

import { useT } from "@/shared/i18n/language";
import { Panel } from "@/shared/ui/Panel";

import type { NewProject } from "../queries";
import { isPackageName, sortPackages } from "./packages";

const LEASES = [1, 3, 7, 14, 30, 90];

interface DetailsStepProps {
  form: NewProject;
  onChange: (part: Partial<NewProject>) => void;
  complain: boolean;
}

export function DetailsStep({ form, onChange, complain }: DetailsStepProps) {
  const t = useT();
  return (
    <Panel>
      <Stack gap="lg" maw={560}>
        <TextInput
          label={t("wizard.name")}
          description={t("wizard.nameHint")}
          value={form.name}
          maxLength={64}
          onChange={(event) => onChange({ name: event.currentTarget.value })}
          error={complain ? t("wizard.badName") : null}
          data-autofocus
          required
          withAsterisk={false}
        />
        <Packages chosen={form.packages} onChange={(packages) => onChange({ packages })} />
        <Input.Wrapper label={t("wizard.lease")} description={t("wizard.leaseHint")} labelElement="div">
          <div style={{ overflowX: "auto" }}>
            <SegmentedControl
              mt={6}
              value={String(form.lease_days)}
              onChange={(days) => onChange({ lease_days: Number(days) })}
              data={LEASES.map((days) => ({ value: String(days), label: t("wizard.days", { count: days }) }))}
              aria-label={t("wizard.lease")}
            />
          </div>
        </Input.Wrapper>
      </Stack>
    </Panel>
  );
}

function Packages({ chosen, onChange }: { chosen: string[]; onChange: (packages: string[]) => void }) {
  const t = useT();
  const [typed, setTyped] = useState("");
  const [refused, setRefused] = useState<string | null>(null);
  const wrong = typed !== "" && !isPackageName(typed.trim()) ? typed : refused;
  const accept = (entered: string[]) => {
    const { good, bad } = sortPackages(entered);
    setRefused(bad);
    onChange(good);
  };
  return (
    <TagsInput
      label={t("wizard.packages")}
      description={t("wizard.packagesHint")}
      value={chosen}
      onChange={accept}
      searchValue={typed}
      onSearchChange={(text) => {
        setTyped(text);
        if (text !== "") setRefused(null);
      }}
      splitChars={[",", " "]}
      acceptValueOnBlur
      maxTags={50}
      placeholder={chosen.length === 0 ? "htop, git, curl" : ""}
      error={wrong === null ? null : t("wizard.badPackage", { name: wrong })}
      clearable
      clearButtonProps={{ "aria-label": t("action.clear") }}
    />
  );
}
