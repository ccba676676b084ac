/** A titled surface: what most of a screen is made of. */

import { Group, Title } from "@mantine/core";
import { useId, type ReactNode } from "react";

import classes from "./Panel.module.css";

interface PanelProps {
  title?: string;
  aside?: ReactNode;
  flush?: boolean;
  tone?: "bad";
  children: ReactNode;
}

export function Panel({ title, aside, flush = false, tone, children }: PanelProps) {
  const heading = useId();
  return (
    <section className={classes.panel} data-tone={tone} aria-labelledby={title ? heading : undefined}>
      {title !== undefined && (
        <Group className={classes.head} justify="space-between" gap="xs">
          <Title order={2} id={heading}>
            {title}
          </Title>
          {aside}
        </Group>
      )}
      <div className={flush ? undefined : classes.body}>{children}</div>
    </section>
  );
}
