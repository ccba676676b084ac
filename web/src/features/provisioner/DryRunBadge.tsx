/** Marks a project that only shows what would change. */

import { IconFileDiff } from "@tabler/icons-react";

import { StateBadge } from "@/shared/ui/StateBadge";

export function DryRunBadge() {
  return <StateBadge look={{ tone: "held", icon: IconFileDiff, label: "dry.badge" }} />;
}
