/** Events as sentences with their time and who did it, newest first; each opens to the facts that it holds. */

import { Anchor, Code, Collapse, UnstyledButton } from "@mantine/core";
import {
  IconActivityHeartbeat,
  IconAdjustments,
  IconBox,
  IconPuzzle,
  IconServer,
  IconSettings,
  IconTerminal2,
  IconUser,
  type TablerIcon,
} from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import { useSpeech } from "@/shared/i18n/language";
import { useStepName } from "@/shared/step-names";
import { Ago } from "@/shared/ui/Ago";

import classes from "./EventList.module.css";
import { eventWords } from "./event-words";
import { toneOf, type Happening } from "./happening";

const icons: Record<string, TablerIcon> = {
  account: IconUser,
  session: IconUser,
  vm: IconServer,
  allocation: IconPuzzle,
  settings: IconAdjustments,
  system: IconSettings,
  project: IconBox,
  "vm-health": IconActivityHeartbeat,
  "terminal-session": IconTerminal2,
};

export function EventList({ happenings, bare = false }: { happenings: readonly Happening[]; bare?: boolean }) {
  return (
    <ol className={classes.list}>
      {happenings.map((happening) => (
        <EventRow key={happening.id} happening={happening} bare={bare} />
      ))}
    </ol>
  );
}

function EventRow({ happening, bare }: { happening: Happening; bare: boolean }) {
  const { t, language } = useSpeech();
  const [open, setOpen] = useState(false);
  const Icon = icons[happening.kind.split(".")[0] ?? ""] ?? IconBox;
  const { sentence, more } = eventWords(happening, { t, language, named: useStepName() });
  return (
    <li className={classes.row}>
      <span className={classes.sign} data-tone={toneOf(happening.kind)} aria-hidden>
        <Icon size={15} stroke={1.8} />
      </span>
      <div className={classes.body}>
        <div className={classes.line}>
          {bare ? (
            <span className={classes.sentence}>{sentence}</span>
          ) : (
            <UnstyledButton className={classes.sentence} aria-expanded={open} onClick={() => setOpen(!open)}>
              {sentence}
            </UnstyledButton>
          )}
          {more !== "" && <span className={classes.gist}>{more}</span>}
          {happening.about.map(({ name, to }) =>
            to === null ? (
              <span key={name}>{name}</span>
            ) : (
              <Anchor key={to} component={Link} to={to} fz="inherit">
                {name}
              </Anchor>
            ),
          )}
        </div>
        <div className={classes.under}>
          <Ago time={happening.time} />
          {happening.actor !== "" && (
            <> · {happening.actor === null ? t("activity.byOther") : t("activity.by", { actor: happening.actor })}</>
          )}
        </div>
        {!bare && (
          <Collapse expanded={open}>
            <Code block mt={6} aria-label={t("activity.raw")}>
              {JSON.stringify({ kind: happening.kind, time: happening.time, ...happening.facts }, null, 2)}
            </Code>
          </Collapse>
        )}
      </div>
    </li>
  );
}
