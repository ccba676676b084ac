/** What a dry run found: for each step and machine how much would change. */

import { Anchor, Table, Text } from "@mantine/core";

import type { Project, ProjectStep } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { useStepName } from "@/shared/step-names";
import { Panel } from "@/shared/ui/Panel";

import type { ChangeCount, ChangeReader } from "../log/changes";
import { isMoving } from "../queries";
import classes from "./DryRunPanel.module.css";

interface DryRunPanelProps {
  project: Project;
  changes: ChangeReader;
  onShow: (step: number) => void;
}

export function DryRunPanel({ project, changes, onShow }: DryRunPanelProps) {
  const t = useT();
  const machines = machinesOf(project.steps);
  const total = project.steps.flatMap(({ hosts }) => hosts).reduce((sum, { changed = 0 }) => sum + changed, 0);
  const words = total > 0 ? t("dry.total", { count: total }) : isMoving(project.status) ? "" : t("dry.nothing");
  return (
    <Panel
      title={t("dry.title")}
      flush
      aside={
        <Text size="sm" c="var(--text-soft)" role="status">
          {words}
        </Text>
      }
    >
      {machines.length === 0 ? (
        <Text size="sm" c="var(--text-soft)" p="md">
          {t("dry.empty")}
        </Text>
      ) : (
        <Table.ScrollContainer minWidth={220 + machines.length * 130}>
          <Table aria-label={t("dry.title")}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("dry.step")}</Table.Th>
                {machines.map((vm) => (
                  <Table.Th key={vm}>{vm}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {project.steps.map((step) => (
                <StepRow key={step.number} step={step} machines={machines} changes={changes} onShow={onShow} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Panel>
  );
}

interface StepRowProps {
  step: ProjectStep;
  machines: readonly string[];
  changes: ChangeReader;
  onShow: (step: number) => void;
}

function StepRow({ step, machines, changes, onShow }: StepRowProps) {
  const named = useStepName();
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component="button" type="button" size="sm" ta="left" onClick={() => onShow(step.number)} disabled={step.status === "pending"}>
          {step.number}. {named(step.name)}
        </Anchor>
      </Table.Td>
      {machines.map((vm) => (
        <Table.Td key={vm}>
          <Found host={step.hosts.find((host) => host.vm === vm)} lines={changes.counts.get(step.number)?.get(vm)} />
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

interface FoundProps {
  host: ProjectStep["hosts"][number] | undefined;
  lines: ChangeCount | undefined;
}

function Found({ host, lines }: FoundProps) {
  const t = useT();
  if (host === undefined) return <Text size="sm" c="var(--text-soft)">{t("time.none")}</Text>;
  const { changed = 0, failed = 0, unreachable = 0 } = host;
  const { added = 0, removed = 0 } = lines ?? {};
  return (
    <Text size="sm" component="div" className="figures">
      {failed + unreachable > 0 && (
        <span data-tone="bad" className={classes.tone}>
          {unreachable > 0 ? t("host.unreachable") : t("host.failed", { count: failed })}{" "}
        </span>
      )}
      {changed === 0 && failed + unreachable === 0 && <Text span size="sm" c="var(--text-soft)">{t("dry.none")}</Text>}
      {changed > 0 && <>{t("dry.tasks", { count: changed })} </>}
      {added + removed > 0 && (
        <span className={classes.lines}>
          <span className="visually-hidden">{t("dry.lines", { added, removed })}</span>
          {added > 0 && (
            <span aria-hidden data-tone="ok" className={classes.tone}>
              +{added}{" "}
            </span>
          )}
          {removed > 0 && (
            <span aria-hidden data-tone="bad" className={classes.tone}>
              −{removed}
            </span>
          )}
        </span>
      )}
    </Text>
  );
}

/** All that a step has looked at, by name. */
function machinesOf(steps: readonly ProjectStep[]): string[] {
  return [...new Set(steps.flatMap(({ hosts }) => hosts.map(({ vm }) => vm)))].sort();
}
