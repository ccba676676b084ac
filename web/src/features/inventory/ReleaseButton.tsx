/** Lets a machine out of quarantine; the platform looks at it again before anybody gets it. */

import { Button } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";

import type { Machine } from "@/api/contract";
import { useSpeech } from "@/shared/i18n/language";
import { noticeDone, noticeProblem } from "@/shared/ui/notices";

import { useMachineOrder } from "./queries";

export function ReleaseButton({ machine }: { machine: Pick<Machine, "id" | "name"> }) {
  const { t, language } = useSpeech();
  const release = useMachineOrder("release");
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconShieldCheck size={15} aria-hidden />}
      loading={release.isPending}
      onClick={() =>
        release.mutate(
          { machine },
          {
            onSuccess: () => noticeDone(t("pool.done", { name: machine.name })),
            onError: (error) => noticeProblem(error, language),
          },
        )
      }
    >
      {t("pool.release")}
    </Button>
  );
}
