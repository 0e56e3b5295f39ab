import { Presets, SingleBar } from "cli-progress";
import { ratePerSecond } from "./summary.ts";

/** What is told while a file is being imported. */
export type Status = {
  readonly bytesRead: number;
  readonly read: number;
  readonly readEarlier: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly rejected: number;
};

/** Says on stderr how an import gets on. */
export type Reporter = {
  begin(name: string, totalBytes: number | undefined): void;
  update(status: Status): void;
  end(): void;
  /** One line that matters by itself. */
  notice(text: string): void;
};

export const SILENT: Reporter = { begin() {}, update() {}, end() {}, notice() {} };

const LINE_INTERVAL_MS = 5_000;
/** The same trouble meets every batch in flight; it is told once in this time. */
const NOTICE_INTERVAL_MS = 5_000;

export function createReporter(stream: NodeJS.WriteStream): Reporter {
  return stream.isTTY ? new BarReporter(stream) : new LineReporter(stream);
}

class BarReporter implements Reporter {
  readonly #stream: NodeJS.WriteStream;
  readonly #isNews = createNewsFilter();
  #bar: SingleBar | undefined;
  #startedMs = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  begin(name: string, totalBytes: number | undefined): void {
    const counts = "{rate}/s | {accepted} accepted, {duplicate} duplicate, {rejected} rejected";
    const format =
      totalBytes === undefined
        ? `{name} | {megabytes} MB | ${counts}`
        : `{name} [{bar}] {percentage}% | ETA {eta_formatted} | ${counts}`;
    this.#startedMs = Date.now();
    this.#bar = new SingleBar(
      {
        format,
        stream: this.#stream,
        barsize: 20,
        hideCursor: true,
        gracefulExit: false,
        etaBuffer: 50,
      },
      Presets.shades_classic,
    );
    // A total of 0 would divide by it.
    this.#bar.start(Math.max(totalBytes ?? 1, 1), 0, toPayload(name, EMPTY, 0));
    this.#name = name;
  }

  #name = "";

  update(status: Status): void {
    const seconds = (Date.now() - this.#startedMs) / 1000;
    this.#bar?.update(status.bytesRead, toPayload(this.#name, status, seconds));
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  notice(text: string): void {
    if (!this.#isNews(text)) return;
    // The bar draws itself anew on the next line.
    this.#stream.write(`\r\x1b[K${text}\n`);
  }
}

class LineReporter implements Reporter {
  readonly #stream: NodeJS.WriteStream;
  readonly #isNews = createNewsFilter();
  #name = "";
  #totalBytes: number | undefined;
  #startedMs = 0;
  #writtenMs = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  begin(name: string, totalBytes: number | undefined): void {
    this.#name = name;
    this.#totalBytes = totalBytes;
    this.#startedMs = Date.now();
    this.#writtenMs = this.#startedMs;
  }

  update(status: Status): void {
    const now = Date.now();
    if (now - this.#writtenMs < LINE_INTERVAL_MS) return;
    this.#writtenMs = now;
    const line = formatStatus(status, this.#totalBytes, (now - this.#startedMs) / 1000);
    this.#stream.write(`${this.#name}: ${line}\n`);
  }

  end(): void {}

  notice(text: string): void {
    if (this.#isNews(text)) this.#stream.write(`${text}\n`);
  }
}

export function formatStatus(
  status: Status,
  totalBytes: number | undefined,
  seconds: number,
): string {
  const { bytesRead, accepted, duplicate, rejected } = status;
  const share = totalBytes === undefined ? 0 : bytesRead / Math.max(totalBytes, 1);
  const place =
    totalBytes === undefined ? `${toMegabytes(bytesRead)} MB` : `${Math.floor(share * 100)} %`;
  const rate = ratePerSecond({ ...status, seconds });
  const eta = share > 0 ? `, about ${Math.ceil((seconds / share) * (1 - share))} s left` : "";
  return `${place}, ${accepted} accepted, ${duplicate} duplicate, ${rejected} rejected, ${rate} events/s${eta}`;
}

const EMPTY: Status = {
  bytesRead: 0,
  read: 0,
  readEarlier: 0,
  accepted: 0,
  duplicate: 0,
  rejected: 0,
};

function toPayload(name: string, status: Status, seconds: number) {
  const { accepted, duplicate, rejected, bytesRead } = status;
  const rate = ratePerSecond({ ...status, seconds });
  return { name, rate, accepted, duplicate, rejected, megabytes: toMegabytes(bytesRead) };
}

function toMegabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}

function createNewsFilter(): (text: string) => boolean {
  let last = "";
  let lastMs = Number.NEGATIVE_INFINITY;
  return (text) => {
    const now = performance.now();
    if (text === last && now - lastMs < NOTICE_INTERVAL_MS) return false;
    last = text;
    lastMs = now;
    return true;
  };
}
