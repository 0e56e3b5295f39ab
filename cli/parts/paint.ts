const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export type Colour = keyof typeof CODES;
export type Paint = (colour: Colour, text: string) => string;

/** Colours on a terminal, unless NO_COLOR (https://no-color.org) or TERM says that they are not wanted. */
export function createPaint(
  stream: Pick<NodeJS.WriteStream, "isTTY">,
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const isPlain = !stream.isTTY || Boolean(env.NO_COLOR) || env.TERM === "dumb";
  return isPlain
    ? (_, text) => text
    : (colour, text) => (text === "" ? "" : `\x1b[${CODES[colour]}m${text}\x1b[0m`);
}
