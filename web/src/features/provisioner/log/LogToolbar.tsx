/** What the reader can do with the log, and how its connection stands. */

import { ActionIcon, Chip, Group, Select, Text, TextInput, Tooltip } from "@mantine/core";
import { IconArrowBarToDown, IconChevronDown, IconChevronUp, IconDownload, IconFileDiff, IconSearch, IconTextWrap, type TablerIcon } from "@tabler/icons-react";
import type { KeyboardEvent } from "react";

import { useSpeech, useT } from "@/shared/i18n/language";
import { noticeProblem } from "@/shared/ui/notices";

import { projectLog } from "../queries";
import classes from "./LogPanel.module.css";
import type { Connection, LogSnapshot } from "./log-stream";
import { saveText } from "./save-text";

interface Match {
  index: number;
  count: number;
  go: (index: number) => void;
}

interface LogToolbarProps {
  log: LogSnapshot;
  project: { id: string; name: string };
  vm: string | null;
  onVm: (vm: string | null) => void;
  search: string;
  onSearch: (text: string) => void;
  match: Match;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  wrap: boolean;
  onWrap: (wrap: boolean) => void;
  /** Only of a dry run: whether nothing but changes is shown. */
  changes: { only: boolean; onOnly: (only: boolean) => void } | null;
}

export function LogToolbar(props: LogToolbarProps) {
  const { t, language } = useSpeech();
  const download = () => {
    projectLog(props.project.id).then(
      (text) => saveText(`${props.project.name}.log`, text),
      (error: unknown) => noticeProblem(error, language),
    );
  };
  return (
    <Group className={classes.toolbar} gap="xs">
      <ConnectionSign connection={props.log.connection} />
      <Text size="xs" c="var(--text-soft)" className="figures" visibleFrom="md">
        {t("log.lines", { count: props.log.buffer.rows.length })}
      </Text>
      <Search text={props.search} onSearch={props.onSearch} match={props.match} />
      {props.log.buffer.vms.length > 1 && (
        <Select
          size="xs"
          w={130}
          value={props.vm}
          onChange={props.onVm}
          placeholder={t("log.allVms")}
          aria-label={t("log.vm")}
          data={props.log.buffer.vms}
          clearable
          comboboxProps={{ withinPortal: true }}
        />
      )}
      {props.changes !== null && (
        <Chip
          size="xs"
          checked={props.changes.only}
          onChange={props.changes.onOnly}
          icon={<IconFileDiff size={13} aria-hidden />}
        >
          {t("log.changesOnly")}
        </Chip>
      )}
      <Group gap={2} ml="auto">
        <Toggle icon={IconTextWrap} label={t("log.wrap")} on={props.wrap} onChange={props.onWrap} />
        <Toggle icon={IconArrowBarToDown} label={t("log.follow")} on={props.follow} onChange={props.onFollow} />
        <Tooltip label={t("log.download")}>
          <ActionIcon variant="subtle" color="gray" aria-label={t("log.download")} onClick={download}>
            <IconDownload size={17} />
          </ActionIcon>
        </Tooltip>
      </Group>
    </Group>
  );
}

const connectionTones: Record<Connection, string> = { live: "ok", connecting: "busy", reconnecting: "notice", ended: "idle" };

function ConnectionSign({ connection }: { connection: Connection }) {
  const t = useT();
  return (
    <span className={classes.connection} data-tone={connectionTones[connection]} data-live={connection === "live" || undefined} role="status">
      {t(`log.${connection}`)}
    </span>
  );
}

function Search({ text, onSearch, match }: { text: string; onSearch: (text: string) => void; match: Match }) {
  const t = useT();
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") match.go(match.index + (event.shiftKey ? -1 : 1));
  };
  const words = match.count === 0 ? t("log.noMatches") : t("log.matches", { index: match.index + 1, count: match.count });
  return (
    <Group gap={2} className={classes.search}>
      <TextInput
        size="xs"
        value={text}
        onChange={(event) => onSearch(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        placeholder={t("log.search")}
        aria-label={t("log.search")}
        leftSection={<IconSearch size={13} aria-hidden />}
        style={{ flex: 1 }}
      />
      {text !== "" && (
        <>
          <Text size="xs" c="var(--text-soft)" className="figures" role="status" px={4}>
            {words}
          </Text>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t("log.previous")} onClick={() => match.go(match.index - 1)}>
            <IconChevronUp size={15} />
          </ActionIcon>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t("log.next")} onClick={() => match.go(match.index + 1)}>
            <IconChevronDown size={15} />
          </ActionIcon>
        </>
      )}
    </Group>
  );
}

interface ToggleProps {
  icon: TablerIcon;
  label: string;
  on: boolean;
  onChange: (on: boolean) => void;
}

function Toggle({ icon: Icon, label, on, onChange }: ToggleProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" className={classes.toggle} aria-label={label} aria-pressed={on} onClick={() => onChange(!on)}>
        <Icon size={17} />
      </ActionIcon>
    </Tooltip>
  );
}
