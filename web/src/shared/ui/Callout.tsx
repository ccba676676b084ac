/** A few sentences that deserve attention, in the tone of what they say. */

import type { TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";

import classes from "./Callout.module.css";
import type { Tone } from "./states";

interface CalloutProps {
  tone: Tone;
  icon: TablerIcon;
  title?: string;
  /** `alert` interrupts a screen reader, `status` waits for its turn. */
  role?: "alert" | "status";
  children?: ReactNode;
}

export function Callout({ tone, icon: Icon, title, role, children }: CalloutProps) {
  return (
    <div className={classes.callout} data-tone={tone} role={role}>
      <Icon size={18} stroke={1.9} className={classes.icon} aria-hidden />
      <div className={classes.body}>
        {title !== undefined && <div className={classes.title}>{title}</div>}
        {children}
      </div>
    </div>
  );
}
