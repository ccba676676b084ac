/** Where one can go; the operator's part only for operators. */

import {
  IconActivity,
  IconBoxMultiple,
  IconChecklist,
  IconGridDots,
  IconLayoutDashboard,
  IconServer,
  IconSettings,
  IconUsers,
  type TablerIcon,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { NavLink } from "react-router";

import { usePendingAccounts } from "@/features/auth/queries";
import { useApprovalCount } from "@/features/provisioner/queries";
import type { LabelKey } from "@/shared/i18n/catalogue";
import { useT } from "@/shared/i18n/language";
import { useIsOperator } from "@/shared/session";

import classes from "./AppLayout.module.css";

export function Navigation() {
  const t = useT();
  return (
    <nav className={classes.nav} aria-label={t("nav.label")}>
      <NavigationLink to="/" icon={IconLayoutDashboard} label="nav.dashboard" />
      <NavigationLink to="/projects" icon={IconBoxMultiple} label="nav.projects" />
      <NavigationLink to="/machines" icon={IconServer} label="nav.machines" />
      <NavigationLink to="/activity" icon={IconActivity} label="nav.activity" />
      {useIsOperator() && <OperatorLinks />}
    </nav>
  );
}

function OperatorLinks() {
  const t = useT();
  const accounts = usePendingAccounts().length;
  const approvals = useApprovalCount();
  return (
    <>
      <div className={classes.section}>{t("nav.operator")}</div>
      <NavigationLink to="/pool" icon={IconGridDots} label="nav.pool" />
      <NavigationLink to="/approvals" icon={IconChecklist} label="nav.approvals">
        <Count number={approvals} />
      </NavigationLink>
      <NavigationLink to="/accounts" icon={IconUsers} label="nav.accounts">
        <Count number={accounts} />
      </NavigationLink>
      <NavigationLink to="/settings" icon={IconSettings} label="nav.settings" />
    </>
  );
}

/** How much waits there. */
function Count({ number }: { number: number }) {
  return number > 0 && <span className={classes.count}>{number}</span>;
}

interface NavigationLinkProps {
  to: string;
  icon: TablerIcon;
  label: LabelKey;
  children?: ReactNode;
}

function NavigationLink({ to, icon: Icon, label, children }: NavigationLinkProps) {
  const t = useT();
  return (
    <NavLink to={to} end={to === "/"} className={classes.link ?? ""}>
      <Icon size={18} stroke={1.7} aria-hidden />
      {t(label)}
      {children}
    </NavLink>
  );
}
