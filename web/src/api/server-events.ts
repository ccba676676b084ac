/** Server-sent events over fetch: the browser's own EventSource could not carry the access token. */

export interface ServerEvent {
  id: string;
  data: string;
}

/** The events in a body, until it ends. The services end lines with a bare newline, and so reads this. */
export async function* serverEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parsed(block);
        if (event !== null) yield event;
      }
    }
  } finally {
    await reader.cancel();
  }
}

/** Comments that keep the connection open, and the advice how soon to come back, carry no data. */
function parsed(block: string): ServerEvent | null {
  const field = (name: string) =>
    block
      .split("\n")
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).replace(/^ /, ""));
  const data = field("data");
  return data.length === 0 ? null : { id: field("id").at(-1) ?? "", data: data.join("\n") };
}
