/** Whether a machine answers: a sign and a word. */

import { IconCircleCheck, IconCircleDashed, IconPlugConnectedX } from "@tabler/icons-react";

import { useT } from "@/shared/i18n/language";

import classes from "./UpSign.module.css";

export function UpSign({ up, small = false }: { up: boolean | null; small?: boolean }) {
  const t = useT();
  const [tone, Icon, words] =
    up === null
      ? (["idle", IconCircleDashed, t("machines.unknown")] as const)
      : up
        ? (["ok", IconCircleCheck, t("machines.up")] as const)
        : (["bad", IconPlugConnectedX, t("machines.down")] as const);
  return (
    <span className={classes.sign} data-tone={tone}>
      <Icon size={small ? 12 : 14} aria-hidden /> {words}
    </span>
  );
}
