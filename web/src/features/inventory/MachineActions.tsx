/** What an operator can do with a machine in its present state. */

import { ActionIcon, Menu, TextInput } from "@mantine/core";
import { IconArrowBackUp, IconDots, IconRecycle, IconShieldCheck, IconTool, IconTrash, type TablerIcon } from "@tabler/icons-react";
import { useState } from "react";

import type { Machine, MachineStatus } from "@/api/contract";
import type { MessageKey } from "@/shared/i18n/catalogue";
import { useSpeech, useT } from "@/shared/i18n/language";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { noticeDone, noticeProblem } from "@/shared/ui/notices";

import { useMachineOrder, type MachineOrder } from "./queries";

/** A machine that a project holds is the project's: deleting the project gives it back. */
const possible: Record<MachineStatus, readonly MachineOrder[]> = {
  available: ["maintenance", "recycle", "retire"],
  provisioning: [],
  assigned: [],
  recycling: [],
  quarantined: ["release", "recycle", "retire"],
  maintenance: ["return", "recycle", "retire"],
  retired: [],
};

const looks: Record<MachineOrder, { icon: TablerIcon; label: Extract<MessageKey, `pool.${MachineOrder}`> }> = {
  maintenance: { icon: IconTool, label: "pool.maintenance" },
  return: { icon: IconArrowBackUp, label: "pool.return" },
  recycle: { icon: IconRecycle, label: "pool.recycle" },
  release: { icon: IconShieldCheck, label: "pool.release" },
  retire: { icon: IconTrash, label: "pool.retire" },
};

type Asked = "maintenance" | "recycle" | "retire";

export function MachineActions({ machine }: { machine: Machine }) {
  const { t, language } = useSpeech();
  const [asking, setAsking] = useState<Asked | null>(null);
  const back = useMachineOrder("return");
  const release = useMachineOrder("release");
  // What was added by hand no provider can make anew.
  const orders = possible[machine.status].filter((order) => order !== "recycle" || machine.provider !== "static");
  if (orders.length === 0) return null;
  const outcome = {
    onSuccess: () => noticeDone(t("pool.done", { name: machine.name })),
    onError: (error: unknown) => noticeProblem(error, language),
  };
  const choose = (order: MachineOrder) => {
    if (order === "return") back.mutate({ machine }, outcome);
    else if (order === "release") release.mutate({ machine }, outcome);
    else setAsking(order);
  };
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={t("action.menu", { name: machine.name })}>
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {orders.map((order) => {
            const Icon = looks[order].icon;
            return (
              <Menu.Item
                key={order}
                {...(order === "retire" ? { color: "red" } : {})}
                leftSection={<Icon size={15} aria-hidden />}
                onClick={() => choose(order)}
              >
                {t(looks[order].label)}
              </Menu.Item>
            );
          })}
        </Menu.Dropdown>
      </Menu>
      {asking !== null && <AskFirst machine={machine} order={asking} onClose={() => setAsking(null)} />}
    </>
  );
}

function AskFirst({ machine, order, onClose }: { machine: Machine; order: Asked; onClose: () => void }) {
  const t = useT();
  const [reason, setReason] = useState("");
  const run = useMachineOrder(order);
  const asksReason = order === "maintenance";
  return (
    <ConfirmDialog
      title={t(`pool.${order}Title`, { name: machine.name })}
      body={t(`pool.${order}Body`)}
      action={t(looks[order].label)}
      {...(asksReason ? {} : { word: machine.name, destructive: true })}
      ready={!asksReason || reason.trim() !== ""}
      pending={run.isPending}
      error={run.error}
      onConfirm={() =>
        run.mutate(
          { machine, reason: reason.trim() },
          {
            onSuccess: () => {
              noticeDone(t("pool.done", { name: machine.name }));
              onClose();
            },
          },
        )
      }
      onClose={onClose}
    >
      {asksReason && (
        <TextInput
          label={t("pool.reason")}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          data-autofocus
        />
      )}
    </ConfirmDialog>
  );
}
