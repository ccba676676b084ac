/** Machines of a list in a file join the pool; a row that fails says why and stops none of the others. */

import { Button, Code, FileInput, Group, Modal, Stack, Text } from "@mantine/core";
import { IconFileSpreadsheet } from "@tabler/icons-react";
import { useState, type SubmitEvent } from "react";

import { useT } from "@/shared/i18n/language";
import { ProblemAlert } from "@/shared/ui/ProblemAlert";

import { ImportResult } from "./ImportResult";
import { useUploadMachines } from "./queries";
import { formatOf, LARGEST_LIST } from "./machine-list";

const EXAMPLE = `name,address,ssh_host,ssh_port,ssh_user,password,labels.site
web-01,10.0.0.21,,22,hcmp,,seoul
db-01,10.0.0.31,bastion.example.org,2231,hcmp,s3cret,seoul`;

export function UploadDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const upload = useUploadMachines();
  return (
    <Modal opened onClose={onClose} title={t("upload.title")} size="lg" closeButtonProps={{ "aria-label": t("action.cancel") }}>
      {upload.data === undefined ? (
        <UploadForm upload={upload} onClose={onClose} />
      ) : (
        <ImportResult imported={upload.data} onClose={onClose} />
      )}
    </Modal>
  );
}

interface UploadFormProps {
  upload: ReturnType<typeof useUploadMachines>;
  onClose: () => void;
}

function UploadForm({ upload, onClose }: UploadFormProps) {
  const t = useT();
  const [file, setFile] = useState<File | null>(null);
  const tooLarge = file !== null && file.size > LARGEST_LIST;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (file !== null) upload.mutate({ format: formatOf(file.name), file });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text size="sm" c="var(--text-soft)">
          {t("upload.hint")}
        </Text>
        <FileInput
          label={t("upload.file")}
          description={t("upload.fileHint")}
          placeholder={t("upload.choose")}
          accept=".csv,.yaml,.yml,text/csv,application/yaml"
          leftSection={<IconFileSpreadsheet size={16} aria-hidden />}
          value={file}
          onChange={setFile}
          clearable
          clearButtonProps={{ "aria-label": t("action.clear") }}
          error={tooLarge ? t("upload.tooLarge") : undefined}
          data-autofocus
        />
        <div>
          <Text size="xs" c="var(--text-soft)" mb={4}>
            {t("upload.example")}
          </Text>
          <Code block tabIndex={0} style={{ overflowX: "auto" }}>
            {EXAMPLE}
          </Code>
        </div>
        {upload.error !== null && <ProblemAlert error={upload.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" disabled={file === null || tooLarge} loading={upload.isPending}>
            {t("upload.submit")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
