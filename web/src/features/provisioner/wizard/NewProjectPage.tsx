/** The way to a new project: template, details, summary, and then its page. */

import { Group, Button, Stack, Stepper } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { useState } from "react";
import { useNavigate } from "react-router";

import { idempotencyKey } from "@/api/client";
import type { Template } from "@/api/contract";
import { asProblem } from "@/api/problem";
import { useT } from "@/shared/i18n/language";
import { useAccount } from "@/shared/session";
import { Callout } from "@/shared/ui/Callout";
import { Loading } from "@/shared/ui/Loading";
import { PageHeader } from "@/shared/ui/PageHeader";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { useProvision, useTemplates, type NewProject } from "../queries";
import { DetailsStep } from "./DetailsStep";
import { SummaryStep } from "./SummaryStep";
import { TemplateStep } from "./TemplateStep";
import { valuesFit } from "./variables";

const BLANK: NewProject = { name: "", template: "", packages: [], lease_days: 7, variables: {}, dry_run: false, wait: false };

export function NewProjectPage() {
  const t = useT();
  const templates = useTemplates();
  const { role } = useAccount();
  return (
    <Stack gap={0} maw={1000}>
      <PageHeader title={t("wizard.title")} />
      {role === "viewer" && (
        <Callout tone="notice" icon={IconEye}>
          {t("wizard.viewer")}
        </Callout>
      )}
      {role !== "viewer" && templates.isPending && <Loading rows={4} height={90} />}
      {templates.error !== null && <ProblemAlert error={templates.error} onRetry={() => void templates.refetch()} />}
      {role !== "viewer" && templates.data !== undefined && <Wizard templates={templates.data.templates} />}
    </Stack>
  );
}

function Wizard({ templates }: { templates: readonly Template[] }) {
  const t = useT();
  const [step, setStep] = useState(0);
  const [form, setForm] = useState(BLANK);
  const [tried, setTried] = useState(false);
  const order = useOrder();
  const template = templates.find(({ id }) => id === form.template);
  const nameGood = isProjectName(form.name);
  const detailsGood = nameGood && valuesFit(template, form.variables);
  const change = (part: Partial<NewProject>) => setForm({ ...form, ...part });
  const goOn = () => {
    setTried(step === 1 && !nameGood);
    if (step === 0 || detailsGood) setStep(step + 1);
  };
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (step < 2) goOn();
        else order.send({ ...form, name: form.name.trim(), lease_days: form.dry_run ? null : form.lease_days });
      }}
    >
      <Stepper active={step} onStepClick={setStep} allowNextStepsSelect={false} size="sm" iconSize={30}>
        <Stepper.Step label={t("wizard.template")}>
          <TemplateStep templates={templates} chosen={form.template} onChoose={(id) => change({ template: id, variables: {} })} />
        </Stepper.Step>
        <Stepper.Step label={t("wizard.details")}>
          {template !== undefined && (
            <DetailsStep form={form} template={template} onChange={change} complain={tried && !nameGood} />
          )}
        </Stepper.Step>
        <Stepper.Step label={t("wizard.summary")}>
          {template !== undefined && <SummaryStep form={form} template={template} />}
        </Stepper.Step>
      </Stepper>
      {order.error !== null && step === 2 && <ProblemAlert error={order.error} />}
      <Group justify="space-between" mt="lg">
        <Button variant="default" onClick={() => setStep(step - 1)} disabled={step === 0}>
          {t("action.back")}
        </Button>
        <Button type="submit" disabled={template === undefined} loading={order.pending}>
          {t(step < 2 ? "action.next" : form.dry_run ? "wizard.submitDry" : "wizard.submit")}
        </Button>
      </Group>
    </form>
  );
}

/** Sends the order. The key stays the same while the outcome is unknown, so that a second try makes no second project. */
function useOrder() {
  const provision = useProvision();
  const navigate = useNavigate();
  const [key, setKey] = useState(idempotencyKey);
  const send = (body: NewProject) =>
    provision.mutate(
      { body, key },
      {
        onSuccess: ({ project_id }) => void navigate(`/projects/${project_id}`),
        onError: (error) => {
          const { status } = asProblem(error);
          if (status >= 400 && status < 500) setKey(idempotencyKey());
        },
      },
    );
  return { send, pending: provision.isPending, error: provision.error };
}

/** Begins with a letter or digit of any script; then also spaces, dots, hyphens and underscores, 63 in all. */
function isProjectName(name: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{N}_ .-]{0,62}$/u.test(name.trim());
}
