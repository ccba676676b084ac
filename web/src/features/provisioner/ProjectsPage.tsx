/** All projects that the reader may see. */

import { Anchor, Button, Checkbox, Group, Table, Text, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import type { Project } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { useAccount } from "@/shared/session";
import { Ago } from "@/shared/ui/Ago";
import { Loading } from "@/shared/ui/Loading";
import { PageHeader } from "@/shared/ui/PageHeader";
import { Panel } from "@/shared/ui/Panel";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";
import { StateBadge } from "@/shared/ui/StateBadge";
import { projectLooks } from "@/shared/ui/states";

import { DryRunBadge } from "./DryRunBadge";
import { ProgressBar } from "./ProgressBar";
import { NoProjects } from "./ProjectCards";
import { useProjects } from "./queries";
import { WaitingWords } from "./WaitingWords";

export function ProjectsPage() {
  const t = useT();
  const mayStart = useAccount().role !== "viewer";
  const projects = useProjects();
  return (
    <>
      <PageHeader
        title={t("projects.title")}
        actions={
          mayStart && (
            <Button component={Link} to="/projects/new" leftSection={<IconPlus size={16} />}>
              {t("projects.new")}
            </Button>
          )
        }
      />
      {projects.isPending && <Loading rows={6} height={26} />}
      {projects.error !== null && <ProblemAlert error={projects.error} onRetry={() => void projects.refetch()} />}
      {projects.data !== undefined && (
        <Panel flush>
          {projects.data.projects.length === 0 ? <NoProjects /> : <Projects projects={projects.data.projects} />}
          {projects.hasNextPage && (
            <Group justify="center" p="sm">
              <Button
                variant="default"
                size="xs"
                loading={projects.isFetchingNextPage}
                onClick={() => void projects.fetchNextPage()}
              >
                {t("action.more")}
              </Button>
            </Group>
          )}
        </Panel>
      )}
    </>
  );
}

function Projects({ projects }: { projects: readonly Project[] }) {
  const t = useT();
  const [text, setText] = useState("");
  const [deleted, setDeleted] = useState(false);
  const wanted = text.trim().toLowerCase();
  const shown = projects.filter(
    (project) =>
      (deleted || project.status !== "deleted") &&
      [project.name, project.owner, project.template].some((field) => field.toLowerCase().includes(wanted)),
  );
  return (
    <>
      <Group p="sm" justify="space-between">
        <TextInput
          size="xs"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder={t("table.filter")}
          aria-label={t("table.filter")}
          leftSection={<IconSearch size={14} aria-hidden />}
        />
        <Checkbox
          size="xs"
          label={t("projects.showDeleted")}
          checked={deleted}
          onChange={(event) => setDeleted(event.currentTarget.checked)}
        />
      </Group>
      <ProjectTable projects={shown} />
      {shown.length === 0 && (
        <Text size="sm" c="var(--text-soft)" p="md">
          {t("projects.noMatch")}
        </Text>
      )}
    </>
  );
}

function ProjectTable({ projects }: { projects: readonly Project[] }) {
  const t = useT();
  return (
    <Table.ScrollContainer minWidth={780}>
      <Table highlightOnHover aria-label={t("projects.title")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("projects.name")}</Table.Th>
            <Table.Th>{t("projects.status")}</Table.Th>
            <Table.Th w={190}>{t("projects.progress")}</Table.Th>
            <Table.Th>{t("projects.template")}</Table.Th>
            <Table.Th>{t("projects.owner")}</Table.Th>
            <Table.Th>{t("projects.created")}</Table.Th>
            <Table.Th>{t("projects.lease")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {projects.map((project) => (
            <Table.Tr key={project.id}>
              <Table.Td>
                <Anchor component={Link} to={`/projects/${project.id}`} size="sm" fw={580}>
                  {project.name}
                </Anchor>
              </Table.Td>
              <Table.Td>
                <Group gap={6} wrap="nowrap">
                  <StateBadge look={projectLooks[project.status]} />
                  {project.dry_run && <DryRunBadge />}
                </Group>
                {project.waiting_for !== null && (
                  <Text size="xs" c="var(--text-soft)" mt={4} component="div">
                    <WaitingWords waiting={project.waiting_for} />
                  </Text>
                )}
              </Table.Td>
              <Table.Td>
                <ProgressBar project={project} />
              </Table.Td>
              <Table.Td>{project.template}</Table.Td>
              <Table.Td>{project.owner}</Table.Td>
              <Table.Td c="var(--text-soft)">
                <Ago time={project.created_at} />
              </Table.Td>
              <Table.Td c="var(--text-soft)">
                {project.lease_expires_at === null ? t("time.none") : <Ago time={project.lease_expires_at} />}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
