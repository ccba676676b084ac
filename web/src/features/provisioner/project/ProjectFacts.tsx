/** The line under a project's name: template, owner, age, lease, packages. */

import { Group, Text } from "@mantine/core";

import type { Project } from "@/api/contract";
import { useSpeech } from "@/shared/i18n/language";
import { dateTime } from "@/shared/i18n/times";
import { Ago } from "@/shared/ui/Ago";

export function ProjectFacts({ project }: { project: Project }) {
  const { t, language } = useSpeech();
  const lease = project.lease_expires_at;
  return (
    <Group gap={6} c="var(--text-soft)" fz="sm">
      <span>{project.template}</span>·<span>{project.owner}</span>·<Ago time={project.created_at} />
      {!project.dry_run && (
        <>
          ·<span>{lease === null ? t("one.noLease") : t("one.leaseUntil", { time: dateTime(lease, language) })}</span>
        </>
      )}
      {project.packages.length > 0 && (
        <>
          ·
          <Text span size="sm">
            {t("one.packages")}: <Text span ff="monospace" fz="0.8em">{project.packages.join(" ")}</Text>
          </Text>
        </>
      )}
    </Group>
  );
}
