/** Asks before something is done; where something is lost, its name has to be typed. */

import { Button, Code, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";

import { useT } from "@/shared/i18n/language";

import { ProblemAlert } from "./ProblemAlert";

interface ConfirmDialogProps {
  title: string;
  body: string;
  action: string;
  /** The word to type; without it the button alone confirms. */
  word?: string;
  destructive?: boolean;
  /** Fields of the question; `ready` says whether they are filled in. */
  children?: ReactNode;
  ready?: boolean;
  pending: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const t = useT();
  const [typed, setTyped] = useState("");
  const ready = (props.word === undefined || typed === props.word) && props.ready !== false;
  return (
    <Modal opened onClose={props.onClose} title={props.title} closeButtonProps={{ "aria-label": t("action.cancel") }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) props.onConfirm();
        }}
      >
        <Stack gap="md">
          <Text size="sm">{props.body}</Text>
          {props.children}
          {props.word !== undefined && (
            <TextInput
              label={<TypeThis word={props.word} />}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
            />
          )}
          {props.error !== null && <ProblemAlert error={props.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={props.onClose}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" color={props.destructive === true ? "red" : "brand"} disabled={!ready} loading={props.pending}>
              {props.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function TypeThis({ word }: { word: string }) {
  const [before, after] = useT()("confirm.type", { name: "\u0000" }).split("\u0000");
  return (
    <>
      {before}
      <Code>{word}</Code>
      {after}
    </>
  );
}
