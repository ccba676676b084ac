/** Labels of a machine or a policy, to read and to type. */

import { Badge, Group, TagsInput } from "@mantine/core";

import { useT } from "@/shared/i18n/language";

import { labelWords, readLabels, type Labels } from "./label-words";

export function LabelBadges({ labels }: { labels: Labels | null }) {
  const words = labelWords(labels);
  if (words.length === 0) return null;
  return (
    <Group gap={4}>
      {words.map((word) => (
        <Badge key={word} variant="default" size="sm" radius="sm" fw={500} tt="none">
          {word}
        </Badge>
      ))}
    </Group>
  );
}

interface LabelsInputProps {
  words: string[];
  onChange: (words: string[]) => void;
  description?: string;
}

export function LabelsInput({ words, onChange, description }: LabelsInputProps) {
  const t = useT();
  const { bad } = readLabels(words);
  return (
    <TagsInput
      label={t("pool.labels")}
      description={description ?? t("pool.labelsHint")}
      placeholder={words.length === 0 ? "site=seoul" : ""}
      value={words}
      onChange={onChange}
      acceptValueOnBlur
      splitChars={[",", " "]}
      error={bad === null ? undefined : t("pool.labelBad", { label: bad })}
    />
  );
}
