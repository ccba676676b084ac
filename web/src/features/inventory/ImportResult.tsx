/** How an import went: who joined, and why the others did not. */

import { Button, Group, Stack, Table, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";

import type { FailedRow, Imported } from "@/api/contract";
import { useSpeech } from "@/shared/i18n/language";
import { Callout } from "@/shared/ui/Callout";
import { causedWords, reasonWords } from "@/shared/ui/problem-words";

import classes from "./ImportResult.module.css";

interface ImportResultProps {
  imported: Imported;
  onClose: () => void;
}

export function ImportResult({ imported: { vms, failures = {}, failure_causes: causes = {}, failed_rows: rows = [] }, onClose }: ImportResultProps) {
  const { t, language } = useSpeech();
  const failed = Object.entries(failures);
  return (
    <Stack gap="md">
      {vms.length > 0 && (
        <Callout tone="ok" icon={IconCircleCheck} role="status" title={t("import.joined", { count: vms.length })}>
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            {vms.map(({ name }) => name).join(", ")}
          </Text>
        </Callout>
      )}
      {failed.length + rows.length > 0 && (
        <Callout tone="bad" icon={IconAlertTriangle} role="alert" title={t("import.failed", { count: failed.length + rows.length })}>
          <Table className={classes.failures} verticalSpacing={4} horizontalSpacing="xs" aria-label={t("import.failed", { count: failed.length + rows.length })}>
            <Table.Tbody>
              {failed.map(([name, reason]) => (
                <Failure key={name} name={name} reason={reasonWords(reason, causes[name], language)} />
              ))}
              {rows.map((row) => (
                <RowFailure key={row.row} row={row} />
              ))}
            </Table.Tbody>
          </Table>
        </Callout>
      )}
      <Group justify="flex-end">
        <Button onClick={onClose} data-autofocus>
          {t("import.done")}
        </Button>
      </Group>
    </Stack>
  );
}

function RowFailure({ row: { row, name, type, detail, causes = [] } }: { row: FailedRow }) {
  const { t, language } = useSpeech();
  const words = causedWords({ type, detail, causes }, language);
  return <Failure name={[t("import.row", { row }), name].filter(Boolean).join(" · ")} reason={[words.title, words.body].filter(Boolean).join(": ")} />;
}

function Failure({ name, reason }: { name: string; reason: string }) {
  return (
    <Table.Tr>
      <Table.Th scope="row">{name}</Table.Th>
      <Table.Td>{reason}</Table.Td>
    </Table.Tr>
  );
}
