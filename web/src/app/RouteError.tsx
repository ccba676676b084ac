/** A screen that failed, or whose part of the program could not be loaded. */

import { Button, Center, Stack, Text, Title } from "@mantine/core";
import { useRouteError } from "react-router";

import { asProblem } from "@/api/problem";
import { useT } from "@/shared/i18n/language";

export function RouteError() {
  const t = useT();
  const problem = asProblem(useRouteError());
  return (
    <Center mih="60dvh" role="alert">
      <Stack align="center" gap="sm" ta="center" p="md">
        <Title order={1}>{t("error.page")}</Title>
        <Text size="sm" c="var(--text-soft)">
          {problem.message}
        </Text>
        <Button onClick={() => window.location.reload()}>{t("error.reload")}</Button>
      </Stack>
    </Center>
  );
}
