/** Terminal colours (SGR sequences) in a line of text; every other control sequence is left out. */

export interface Span {
  text: string;
  color?: string;
  background?: string;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
}

type Style = Omit<Span, "text">;

// CSI … letter, OSC … BEL or ST, and two-character escapes.
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const SEQUENCE = /\u001b\[([0-9;:?<=>]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[ -~]/g;
// eslint-disable-next-line no-control-regex -- what remains of them has no picture
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

export function parseAnsi(line: string): Span[] {
  if (!line.includes("\u001b")) return [{ text: line.replace(CONTROL, "") }];
  const spans: Span[] = [];
  let style: Style = {};
  let from = 0;
  for (const match of line.matchAll(SEQUENCE)) {
    push(spans, line.slice(from, match.index), style);
    from = match.index + match[0].length;
    if (match[2] === "m") style = restyle(style, match[1] ?? "");
  }
  push(spans, line.slice(from), style);
  return spans;
}

/** The line as it reads, without colours: what search looks at. */
export function plainText(line: string): string {
  return line.replace(SEQUENCE, "").replace(CONTROL, "");
}

function push(spans: Span[], raw: string, style: Style): void {
  const text = raw.replace(CONTROL, "");
  if (text !== "") spans.push({ text, ...style });
}

function restyle(before: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map(Number);
  let style = before;
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const [color, used] = extended(codes.slice(index + 1));
      index += used;
      if (color !== null) style = { ...style, [code === 38 ? "color" : "background"]: color };
    } else {
      style = applied(style, code);
    }
  }
  return style;
}

function applied(style: Style, code: number): Style {
  if (code === 0) return {};
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 3) return { ...style, italic: true };
  if (code === 4) return { ...style, underline: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 23) return { ...style, italic: false };
  if (code === 24) return { ...style, underline: false };
  if (code === 39) return without(style, "color");
  if (code === 49) return without(style, "background");
  const [group, number] = [Math.floor(code / 10), code % 10];
  if (number > 7) return style;
  if (group === 3) return { ...style, color: named(number) };
  if (group === 4) return { ...style, background: named(number) };
  if (group === 9) return { ...style, color: named(number + 8) };
  if (group === 10) return { ...style, background: named(number + 8) };
  return style;
}

function without(style: Style, name: "color" | "background"): Style {
  const { [name]: _, ...rest } = style;
  return rest;
}

function named(number: number): string {
  return `var(--ansi-${number})`;
}

/** `5;n` is one of 256 colours, `2;r;g;b` any; the second value is how many codes that took. */
function extended([kind, ...codes]: number[]): [string | null, number] {
  if (kind === 2) return [`rgb(${codes.slice(0, 3).join(" ")})`, 4];
  if (kind !== 5) return [null, 0];
  const number = codes[0] ?? 0;
  if (number < 16) return [named(number), 2];
  if (number >= 232) return [grey((number - 232) * 10 + 8), 2];
  const cube = number - 16;
  const channel = (value: number) => (value === 0 ? 0 : value * 40 + 55);
  return [`rgb(${channel(Math.floor(cube / 36))} ${channel(Math.floor(cube / 6) % 6)} ${channel(cube % 6)})`, 2];
}

function grey(level: number): string {
  return `rgb(${level} ${level} ${level})`;
}
