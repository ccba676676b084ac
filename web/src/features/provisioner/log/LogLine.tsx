/** One row of the log: a line with its time and machine, or a step's beginning or end. */

import type { CSSProperties } from "react";

import { useSpeech } from "@/shared/i18n/language";
import { clockTime } from "@/shared/i18n/times";
import { useStepName } from "@/shared/step-names";
import { stepLooks } from "@/shared/ui/states";

import { parseAnsi, type Span } from "./ansi";
import type { LineFrame, Row, StepFrame } from "./frames";
import classes from "./LogPanel.module.css";
import { pieces } from "./pieces";

interface LogLineProps {
  row: Row;
  search: string;
  tone: number;
}

export function LogLine({ row, search, tone }: LogLineProps) {
  return row.type === "step" ? <StepRow row={row} /> : <TextRow row={row} search={search} tone={tone} />;
}

function StepRow({ row }: { row: StepFrame }) {
  const { t } = useSpeech();
  const named = useStepName();
  const look = stepLooks[row.status];
  const Icon = look.icon;
  return (
    <div className={classes.step} data-tone={look.tone}>
      <Icon size={13} aria-hidden />
      {row.number}. {named(row.name)}
      {/* What began is told as a heading: it may long be over when this row is read. */}
      {row.status !== "running" && ` — ${t(look.label)}`}
    </div>
  );
}

/** Ansible draws its headings to the width of a terminal. This page has its own way to say "heading". */
const heading = /^((?:PLAY|TASK|RUNNING HANDLER|NO MORE HOSTS LEFT)\b.*?) \*{3,}$/;

function TextRow({ row, search, tone }: { row: LineFrame; search: string; tone: number }) {
  const { language } = useSpeech();
  const title = heading.exec(row.text)?.[1];
  // The empty line above a heading sets it apart, and says nothing at any time of any machine.
  if (row.text === "") return <span className={classes.text}>&nbsp;</span>;
  return (
    <>
      <time className={classes.time} dateTime={row.time}>
        {clockTime(row.time, language)}
      </time>
      <span className={classes.vm} data-vm={tone}>
        {title === undefined ? row.vm : null}
      </span>
      <span className={classes.text} data-heading={title !== undefined || undefined}>
        {parseAnsi(title ?? row.text).map((span, index) => (
          <Text key={index} span={span} search={search} />
        ))}
      </span>
    </>
  );
}

function Text({ span, search }: { span: Span; search: string }) {
  return (
    <span style={styleOf(span)}>
      {pieces(span.text, search).map(({ text, hit }, index) => (hit ? <mark key={index}>{text}</mark> : text))}
    </span>
  );
}

function styleOf(span: Span): CSSProperties {
  return {
    ...(span.color === undefined ? {} : { color: span.color }),
    ...(span.background === undefined ? {} : { background: span.background }),
    ...(span.bold ? { fontWeight: 700 } : {}),
    ...(span.dim ? { opacity: 0.65 } : {}),
    ...(span.italic ? { fontStyle: "italic" } : {}),
    ...(span.underline ? { textDecoration: "underline" } : {}),
  };
}
