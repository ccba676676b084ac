/** What operators see of one machine: how it is reached, where it is, why it is set aside, and what others changed. */

import { ActionIcon, Group, Stack, Text } from "@mantine/core";
import { IconLockOpen, IconPencil, IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";

import type { MachineDetail } from "@/api/contract";
import { asProblem } from "@/api/problem";
import { useSpeech, useT } from "@/shared/i18n/language";
import { Ago } from "@/shared/ui/Ago";
import { Callout } from "@/shared/ui/Callout";
import { Loading } from "@/shared/ui/Loading";
import { Panel } from "@/shared/ui/Panel";
import { reasonWords } from "@/shared/ui/problem-words";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { DriftNotice } from "./Drift";
import { LabelBadges } from "./Labels";
import { LabelsDialog } from "./LabelsDialog";
import { MachineActions } from "./MachineActions";
import classes from "./MachineUpkeep.module.css";
import { useMachineDetail } from "./queries";
import { ReleaseButton } from "./ReleaseButton";

export function MachineUpkeep({ id }: { id: string }) {
  const t = useT();
  const asked = useMachineDetail(id);
  const machine = asked.data;
  if (asked.error !== null && machine === undefined) {
    // A machine that has left the pool has nothing to be kept up.
    return asProblem(asked.error).status === 404 ? null : <ProblemAlert error={asked.error} onRetry={() => void asked.refetch()} />;
  }
  return (
    <Stack gap="md">
      {machine?.status === "quarantined" && <Quarantine machine={machine} />}
      {machine !== undefined && machine.drift.length > 0 && <DriftNotice drift={machine.drift} />}
      <Panel title={t("upkeep.title")} aside={machine !== undefined && <MachineActions machine={machine} />}>
        {machine === undefined ? <Loading rows={3} /> : <Facts machine={machine} />}
      </Panel>
    </Stack>
  );
}

function Quarantine({ machine }: { machine: MachineDetail }) {
  const { t, language } = useSpeech();
  return (
    <Callout tone="bad" icon={IconShieldX} role="status" title={t("upkeep.quarantined")}>
      <Text size="sm">
        {reasonWords(machine.reason ?? "", machine.causes, language)} (<Ago time={machine.changed_at} />)
      </Text>
      <Text size="sm" c="var(--text-soft)" mb="xs">
        {t("upkeep.quarantinedTry")}
      </Text>
      <ReleaseButton machine={machine} />
    </Callout>
  );
}

function Facts({ machine }: { machine: MachineDetail }) {
  const t = useT();
  return (
    <dl className={classes.facts}>
      <Fact name={t("pool.provider")}>{[machine.provider, machine.provider_ref].filter(Boolean).join(" · ")}</Fact>
      <Fact name={t("upkeep.placement")}>{machine.placement || t("time.none")}</Fact>
      <Fact name={t("upkeep.endpoint")}>
        <code>
          {machine.ssh_user}@{machine.ssh_host}:{machine.ssh_port}
        </code>
      </Fact>
      <Fact name={t("upkeep.signIn")}>
        <SignIn machine={machine} />
      </Fact>
      <Fact name={t("upkeep.hostKey")}>
        <code className={classes.key}>{machine.host_key}</code>
      </Fact>
      <Fact name={t("pool.labels")}>
        <MachineLabels machine={machine} />
      </Fact>
      <Fact name={t("upkeep.registered")}>
        <Ago time={machine.registered_at} />
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function SignIn({ machine }: { machine: MachineDetail }) {
  const t = useT();
  const Icon = machine.ssh_certificates ? IconShieldCheck : IconLockOpen;
  const stored = machine.credential_set ? "upkeep.credential" : "upkeep.noCredential";
  return (
    <Group gap={6} wrap="nowrap" align="flex-start">
      <Icon size={16} aria-hidden color={machine.ssh_certificates ? "var(--tone-ok)" : "var(--tone-notice)"} style={{ flex: "none", marginTop: 2 }} />
      <span>{t(machine.ssh_certificates ? "upkeep.certificates" : stored)}</span>
    </Group>
  );
}

function MachineLabels({ machine }: { machine: MachineDetail }) {
  const t = useT();
  const [changing, setChanging] = useState(false);
  return (
    <Group gap={6}>
      {Object.keys(machine.labels).length === 0 ? t("time.none") : <LabelBadges labels={machine.labels} />}
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={t("upkeep.changeLabels", { name: machine.name })}
        onClick={() => setChanging(true)}
      >
        <IconPencil size={14} />
      </ActionIcon>
      {changing && <LabelsDialog machine={machine} onClose={() => setChanging(false)} />}
    </Group>
  );
}
