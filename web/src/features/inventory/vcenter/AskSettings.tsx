/** Nothing can be asked of a vCenter that nobody has named yet. */

import { Button } from "@mantine/core";
import { IconServerOff } from "@tabler/icons-react";
import { Link } from "react-router";

import { useT } from "@/shared/i18n/language";
import { EmptyState } from "@/shared/ui/EmptyState";

export function AskSettings() {
  const t = useT();
  return (
    <EmptyState
      icon={IconServerOff}
      title={t("problem.vcenter-not-configured")}
      body={t("vcenter.notConfigured")}
      action={
        <Button component={Link} to="/settings">
          {t("vcenter.toSettings")}
        </Button>
      }
    />
  );
}
