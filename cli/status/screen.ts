/** A terminal that is drawn anew in place, and is afterwards as it was before. */
export type Screen = {
  /** No line may be longer than the terminal is wide; what is below its height is left out. */
  draw(lines: readonly string[]): void;
  leave(): void;
};

type Terminal = Pick<NodeJS.WriteStream, "write" | "rows">;

/** On a screen of its own, which takes nothing away from what was there, without a cursor. */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const END_OF_LINE = "\x1b[K";
const REST_OF_SCREEN = "\x1b[J";

/** Whoever calls this leaves it. */
export function enterScreen(terminal: Terminal): Screen {
  let isEntered = true;
  terminal.write(ENTER);
  return {
    draw(lines) {
      if (!isEntered) return;
      const visible = lines.slice(0, Math.max(1, (terminal.rows ?? 24) - 1));
      const text = visible.map((line) => `${line}${END_OF_LINE}\n`).join("");
      terminal.write(`${HOME}${text}${REST_OF_SCREEN}`);
    },
    leave() {
      if (!isEntered) return;
      isEntered = false;
      terminal.write(LEAVE);
    },
  };
}
