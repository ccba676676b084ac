/** Says at the top of every screen that no new project can start, and why. */

import { IconTool } from "@tabler/icons-react";

import { usePool } from "@/features/inventory/queries";
import { useT } from "@/shared/i18n/language";

import classes from "./AppLayout.module.css";

export function MaintenanceBanner() {
  const t = useT();
  const maintenance = usePool().data?.maintenance;
  if (!maintenance?.enabled) return null;
  return (
    <div className={classes.banner} role="status">
      <IconTool size={17} aria-hidden />
      <span>
        <b>{t("maintenance.on")}.</b> {maintenance.message || t("maintenance.default")}
      </span>
    </div>
  );
}
