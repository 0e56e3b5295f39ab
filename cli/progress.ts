import { Presets, SingleBar } from "cli-progress";

/** A bar on a terminal; elsewhere nothing but notices. */
export type Progress = {
  update(done: number, counts?: Readonly<Record<string, string>>): void;
  /** One line that matters by itself. */
  notice(text: string): void;
  end(): void;
};

/** `format` may name {bar}, {percentage}, {eta_formatted} and the counts given to `update`. */
export function createProgress(
  stream: NodeJS.WriteStream,
  format: string,
  total: number,
  counts: Readonly<Record<string, string>> = {},
): Progress {
  if (!stream.isTTY) {
    return { update() {}, notice: (text) => void stream.write(`${text}\n`), end() {} };
  }
  const bar = new SingleBar(
    { format, stream, barsize: 20, hideCursor: true, gracefulExit: false, etaBuffer: 50 },
    Presets.shades_classic,
  );
  // A total of 0 would divide by it.
  bar.start(Math.max(total, 1), 0, counts);
  return {
    update: (done, latest = {}) => bar.update(done, latest),
    // The bar draws itself anew on the next line.
    notice: (text) => void stream.write(`\r\x1b[K${text}\n`),
    end: () => bar.stop(),
  };
}
