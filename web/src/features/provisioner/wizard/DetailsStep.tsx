/** Name, packages, options and lease of the new project. */

import { Input, SegmentedControl, Stack, Switch, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";

import type { Template, TemplateVariable } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { Panel } from "@/shared/ui/Panel";

import type { NewProject } from "../queries";
import { LEASES, leaseWords } from "./lease";
import { isPackageName, sortPackages } from "./packages";
import { fitsPattern } from "./variables";

interface DetailsStepProps {
  form: NewProject;
  template: Template;
  onChange: (part: Partial<NewProject>) => void;
  complain: boolean;
}

export function DetailsStep({ form, template, onChange, complain }: DetailsStepProps) {
  const t = useT();
  return (
    <Panel>
      <Stack gap="lg" maw={560}>
        <TextInput
          label={t("wizard.name")}
          description={t("wizard.nameHint")}
          value={form.name}
          maxLength={63}
          onChange={(event) => onChange({ name: event.currentTarget.value })}
          error={complain ? t("wizard.badName") : null}
          data-autofocus
          required
          withAsterisk={false}
        />
        <Packages chosen={form.packages} onChange={(packages) => onChange({ packages })} />
        {template.variables.map((variable) => (
          <Variable
            key={variable.name}
            variable={variable}
            value={form.variables[variable.name] ?? variable.default}
            onChange={(value) => onChange({ variables: { ...form.variables, [variable.name]: value } })}
          />
        ))}
        <Options form={form} onChange={onChange} />
        {!form.dry_run && <Lease form={form} onChange={onChange} />}
      </Stack>
    </Panel>
  );
}

type PartProps = Pick<DetailsStepProps, "form" | "onChange">;

function Options({ form, onChange }: PartProps) {
  const t = useT();
  return (
    <Input.Wrapper label={t("wizard.options")} labelElement="div">
      <Stack gap="sm" mt={6} role="group" aria-label={t("wizard.options")}>
        <Switch
          label={t("wizard.dryRun")}
          description={t("wizard.dryRunHint")}
          checked={form.dry_run}
          onChange={(event) => onChange({ dry_run: event.currentTarget.checked })}
        />
        <Switch
          label={t("wizard.wait")}
          description={t("wizard.waitHint")}
          checked={form.wait}
          onChange={(event) => onChange({ wait: event.currentTarget.checked })}
        />
      </Stack>
    </Input.Wrapper>
  );
}

function Lease({ form, onChange }: PartProps) {
  const t = useT();
  return (
    <Input.Wrapper label={t("wizard.lease")} description={t("wizard.leaseHint")} labelElement="div">
      <div style={{ overflowX: "auto" }}>
        <SegmentedControl
          mt={6}
          value={String(form.lease_days)}
          onChange={(days) => onChange({ lease_days: days === "null" ? null : Number(days) })}
          data={LEASES.map((days) => ({ value: String(days), label: leaseWords(days, t) }))}
          aria-label={t("wizard.lease")}
        />
      </div>
    </Input.Wrapper>
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

interface VariableProps {
  variable: TemplateVariable;
  value: string;
  onChange: (value: string) => void;
}

function Variable({ variable, value, onChange }: VariableProps) {
  const t = useT();
  return (
    <TextInput
      label={variable.description}
      description={t("wizard.optional")}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={fitsPattern(value, variable.pattern) ? null : t("wizard.badValue")}
    />
  );
}
