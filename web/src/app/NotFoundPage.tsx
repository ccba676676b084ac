/** An address that leads nowhere, or to what belongs to someone else. */

import { Button } from "@mantine/core";
import { IconMapOff } from "@tabler/icons-react";
import { Link } from "react-router";

import { useT } from "@/shared/i18n/language";
import { EmptyState } from "@/shared/ui/EmptyState";

export function NotFoundPage() {
  const t = useT();
  return (
    <EmptyState
      icon={IconMapOff}
      title={t("notFound.title")}
      body={t("notFound.body")}
      action={
        <Button component={Link} to="/">
          {t("notFound.home")}
        </Button>
      }
    />
  );
}
