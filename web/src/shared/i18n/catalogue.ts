/** Every word that the interface says. An entry is English, then Korean: leaving one out fails the type check. */

import type { Needs } from "./format";
import { activityMessages } from "./messages/activity";
import { authMessages } from "./messages/auth";
import { causeMessages } from "./messages/causes";
import { inventoryMessages } from "./messages/inventory";
import { monitorMessages } from "./messages/monitor";
import { policyMessages } from "./messages/policies";
import { problemMessages } from "./messages/problems";
import { projectMessages } from "./messages/projects";
import { runMessages } from "./messages/runs";
import { sentenceMessages } from "./messages/sentences";
import { settingsMessages } from "./messages/settings";
import { sharedMessages } from "./messages/shared";
import { terminalMessages } from "./messages/terminal";
import { upkeepMessages } from "./messages/upkeep";
import { vcenterCauseMessages } from "./messages/vcenter-causes";
import { vcenterMessages } from "./messages/vcenter";

export const catalogue = {
  ...sharedMessages,
  ...authMessages,
  ...inventoryMessages,
  ...policyMessages,
  ...settingsMessages,
  ...upkeepMessages,
  ...vcenterMessages,
  ...projectMessages,
  ...runMessages,
  ...monitorMessages,
  ...terminalMessages,
  ...activityMessages,
  ...sentenceMessages,
  ...problemMessages,
  ...causeMessages,
  ...vcenterCauseMessages,
} as const;

export type MessageKey = keyof typeof catalogue;
export type EnglishOf<Key extends MessageKey> = (typeof catalogue)[Key][0];

/** Messages that need no value: what may stand in a table of labels. */
export type LabelKey = { [Key in MessageKey]: [Needs<EnglishOf<Key>>] extends [never] ? Key : never }[MessageKey];

export function isMessageKey(key: string): key is MessageKey {
  return key in catalogue;
}
