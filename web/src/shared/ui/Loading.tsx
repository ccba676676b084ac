/** Skeletons in the shape of what is coming. */

import { Skeleton, Stack } from "@mantine/core";

import { useT } from "@/shared/i18n/language";

export function Loading({ rows = 4, height = 20 }: { rows?: number; height?: number }) {
  const t = useT();
  return (
    <Stack gap="sm" p="md" role="status" aria-label={t("loading")}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={height} width={`${100 - ((row * 13) % 35)}%`} radius="sm" />
      ))}
    </Stack>
  );
}
