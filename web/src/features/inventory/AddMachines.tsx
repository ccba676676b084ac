/** The ways for machines to join the pool. */

import { Button, Menu } from "@mantine/core";
import { IconChevronDown, IconCopyPlus, IconFileSpreadsheet, IconFlask, IconPencil, IconPlus, IconServer2, type TablerIcon } from "@tabler/icons-react";
import { useState } from "react";

import type { LabelKey } from "@/shared/i18n/catalogue";
import { useT } from "@/shared/i18n/language";

import { AddMachineDialog } from "./AddMachineDialog";
import { ImportLabDialog } from "./ImportLabDialog";
import { UploadDialog } from "./UploadDialog";
import { CloneDialog } from "./vcenter/CloneDialog";
import { ImportDialog } from "./vcenter/ImportDialog";

const ways = {
  hand: { icon: IconPencil, label: "pool.addTitle", dialog: AddMachineDialog },
  file: { icon: IconFileSpreadsheet, label: "upload.title", dialog: UploadDialog },
  vcenter: { icon: IconServer2, label: "vcenter.importTitle", dialog: ImportDialog },
  clones: { icon: IconCopyPlus, label: "vcenter.cloneTitle", dialog: CloneDialog },
  lab: { icon: IconFlask, label: "pool.importTitle", dialog: ImportLabDialog },
} as const satisfies Record<string, { icon: TablerIcon; label: LabelKey; dialog: (props: { onClose: () => void }) => React.ReactNode }>;

type Way = keyof typeof ways;

/** `disabled` while the past is looked at. */
export function AddMachines({ disabled = false }: { disabled?: boolean }) {
  const t = useT();
  const [chosen, choose] = useState<Way | null>(null);
  const Dialog = chosen === null ? null : ways[chosen].dialog;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button disabled={disabled} leftSection={<IconPlus size={16} />} rightSection={<IconChevronDown size={14} aria-hidden />}>
            {t("pool.addMany")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {(Object.keys(ways) as Way[]).map((way) => {
            const { icon: Icon, label } = ways[way];
            return (
              <Menu.Item key={way} leftSection={<Icon size={15} aria-hidden />} onClick={() => choose(way)}>
                {t(label)}
              </Menu.Item>
            );
          })}
        </Menu.Dropdown>
      </Menu>
      {Dialog !== null && <Dialog onClose={() => choose(null)} />}
    </>
  );
}
