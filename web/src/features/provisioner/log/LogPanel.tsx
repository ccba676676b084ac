/** The live log: only the rows in sight are in the page, so its length does not matter. */

import { Text } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useImperativeHandle, useMemo, useRef, useState, type Ref } from "react";

import { useT } from "@/shared/i18n/language";

import type { RowKind } from "./changes";
import { LogLine } from "./LogLine";
import classes from "./LogPanel.module.css";
import type { LogSnapshot } from "./log-stream";
import { LogToolbar } from "./LogToolbar";
import { LogView } from "./log-view";
import { useFollow } from "./use-follow";

const ROW_HEIGHT = 20;

export interface LogPanelHandle {
  showStep: (number: number) => void;
}

interface LogPanelProps {
  log: LogSnapshot;
  projectId: string;
  projectName: string;
  /** Whether rows may still come: decides what an empty log says. */
  expectsMore: boolean;
  /** Of a dry run: what each row is to someone who looks for changes. */
  kinds: readonly RowKind[] | null;
  handle: Ref<LogPanelHandle>;
}

export function LogPanel({ log, projectId, projectName, expectsMore, kinds, handle }: LogPanelProps) {
  const t = useT();
  const [vm, setVm] = useState<string | null>(null);
  const [search, setSearch] = useState("");
  const [wrap, setWrap] = useState(true);
  const [match, setMatch] = useState(0);
  const [changesOnly, setChangesOnly] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = log.buffer.rows;
  const made = useMemo(
    () => new LogView(vm, search, changesOnly ? kinds : null),
    [vm, search, changesOnly, kinds],
  );
  const view = made.extend(rows);
  const count = view.shown.length;
  // eslint-disable-next-line react-hooks/incompatible-library -- its result is not handed to memoized children
  const list = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 24,
  });
  const { follow, setFollow, handlers } = useFollow(scroller, list.getTotalSize());
  // Heights belong to positions: another filter or another wrapping makes them all unknown.
  useEffect(() => list.measure(), [wrap, vm, changesOnly, list]);

  const show = (index: number) => {
    setFollow(false);
    list.scrollToIndex(index, { align: "center" });
  };
  useImperativeHandle(handle, () => ({
    showStep: (number) => {
      const at = view.shown.findIndex((position) => {
        const row = rows[position];
        return row?.type === "step" && row.number === number;
      });
      if (at >= 0) show(at);
      // Whoever asks may stand where the log is out of sight.
      scroller.current?.scrollIntoView({ block: "nearest" });
    },
  }));
  const goToMatch = (next: number) => {
    const total = view.matches.length;
    if (total === 0) return;
    const wrapped = (next + total) % total;
    setMatch(wrapped);
    show(view.matches[wrapped] ?? 0);
  };
  return (
    <section className={classes.panel} aria-label={t("log.region")}>
      <LogToolbar
        log={log}
        project={{ id: projectId, name: projectName }}
        vm={vm}
        onVm={setVm}
        search={search}
        onSearch={(text) => {
          setSearch(text);
          setMatch(0);
        }}
        match={{ index: match, count: view.matches.length, go: goToMatch }}
        follow={follow}
        onFollow={setFollow}
        wrap={wrap}
        onWrap={setWrap}
        changes={kinds === null ? null : { only: changesOnly, onOnly: setChangesOnly }}
      />
      {/* eslint-disable jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard */}
      <div
        ref={scroller}
        className={classes.scroller}
        data-wrap={wrap || undefined}
        tabIndex={0}
        role="region"
        aria-label={t("one.log")}
        {...handlers}
      >
        {count === 0 && (
          <Text size="sm" p="md" c="var(--log-soft)">
            {t(changesOnly && rows.length > 0 ? "log.noChanges" : expectsMore ? "log.empty" : "log.nothing")}
          </Text>
        )}
        <div className={classes.content} style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map((item) => {
            const position = view.shown[item.index] ?? -1;
            const row = rows[position];
            return (
              row !== undefined && (
                <div
                  key={item.key}
                  ref={list.measureElement}
                  data-index={item.index}
                  data-current={view.matches[match] === item.index && search !== "" ? true : undefined}
                  data-kind={kinds?.[position]}
                  className={classes.row}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <LogLine row={row} search={search} tone={row.type === "line" && row.vm !== null ? log.buffer.vms.indexOf(row.vm) % 6 : -1} />
                </div>
              )
            );
          })}
        </div>
      </div>
    </section>
  );
}
