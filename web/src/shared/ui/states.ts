/** One look for each state: a tone, an icon and a word, so that colour never speaks alone. */

import {
  IconAlertTriangle,
  IconBan,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconClock,
  IconLoader2,
  IconPower,
  IconRecycle,
  IconServerBolt,
  IconShieldX,
  IconTool,
  IconTrash,
  type TablerIcon,
} from "@tabler/icons-react";

import type { AccountStatus, MachineStatus, ProjectStatus, StepStatus } from "@/api/contract";
import type { LabelKey } from "@/shared/i18n/catalogue";

export type Tone = "ok" | "busy" | "held" | "clean" | "notice" | "bad" | "idle";

export interface Look {
  tone: Tone;
  icon: TablerIcon;
  label: LabelKey;
  turning?: boolean;
}

export const machineLooks: Record<MachineStatus, Look> = {
  available: { tone: "ok", icon: IconCircleCheck, label: "machine.available" },
  provisioning: { tone: "busy", icon: IconLoader2, label: "machine.provisioning", turning: true },
  assigned: { tone: "held", icon: IconServerBolt, label: "machine.assigned" },
  recycling: { tone: "clean", icon: IconRecycle, label: "machine.recycling" },
  quarantined: { tone: "bad", icon: IconShieldX, label: "machine.quarantined" },
  maintenance: { tone: "notice", icon: IconTool, label: "machine.maintenance" },
  retired: { tone: "idle", icon: IconPower, label: "machine.retired" },
};

export const projectLooks: Record<ProjectStatus, Look> = {
  requested: { tone: "busy", icon: IconClock, label: "project.requested" },
  configuring: { tone: "busy", icon: IconLoader2, label: "project.configuring", turning: true },
  completed: { tone: "ok", icon: IconCircleCheck, label: "project.completed" },
  failed: { tone: "bad", icon: IconAlertTriangle, label: "project.failed" },
  cancelled: { tone: "idle", icon: IconBan, label: "project.cancelled" },
  deleting: { tone: "clean", icon: IconRecycle, label: "project.deleting" },
  deleted: { tone: "idle", icon: IconTrash, label: "project.deleted" },
  rejected: { tone: "notice", icon: IconCircleX, label: "project.rejected" },
};

export const stepLooks: Record<StepStatus, Look> = {
  pending: { tone: "idle", icon: IconCircleDashed, label: "step.pending" },
  running: { tone: "busy", icon: IconLoader2, label: "step.running", turning: true },
  succeeded: { tone: "ok", icon: IconCircleCheck, label: "step.succeeded" },
  failed: { tone: "bad", icon: IconAlertTriangle, label: "step.failed" },
  cancelled: { tone: "idle", icon: IconBan, label: "step.cancelled" },
};

export const accountLooks: Record<AccountStatus, Look> = {
  pending: { tone: "notice", icon: IconClock, label: "account.pending" },
  active: { tone: "ok", icon: IconCircleCheck, label: "account.active" },
  suspended: { tone: "bad", icon: IconBan, label: "account.suspended" },
};

/** The states of the pool in the order in which people ask for them. */
export const poolOrder: readonly MachineStatus[] = [
  "available",
  "provisioning",
  "assigned",
  "recycling",
  "maintenance",
  "quarantined",
];
