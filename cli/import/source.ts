import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { addAbortSignal, pipeline, Readable } from "node:stream";
import { constants, createGunzip, gunzipSync } from "node:zlib";
import { CliError, UsageError } from "../cli-error.ts";
import { openParquetRows } from "./parquet-rows.ts";

export const FORMATS = ["ndjson", "csv", "parquet"] as const;
export type Format = (typeof FORMATS)[number];

/** An input that has been looked into and can be read once. */
export type Source = {
  /** As the user named it. */
  readonly name: string;
  /** Of the file as it is, compressed or not; undefined for standard input. */
  readonly totalBytes: number | undefined;
  /** Hash of how it begins. */
  readonly identity: string;
  readonly format: Format;
  readonly isEmpty: boolean;
  /** Its content, decompressed; of Parquet, as NDJSON. */
  chunks(): AsyncGenerator<Buffer>;
  /** Of what {@link totalBytes} counts. */
  bytesRead(): number;
};

export const STDIN = "-";

/** The start by which a file is known again. */
const PREFIX_BYTES = 1024 * 1024;
/** Less of standard input, where somebody waits for each byte. */
const STDIN_PREFIX_BYTES = 64 * 1024;
const CHUNK_BYTES = 256 * 1024;

/**
 * Refuses a file that cannot be imported, before anything is sent.
 * @throws {UsageError}
 */
export function checkFile(file: string): void {
  if (file === STDIN) return;
  try {
    const stats = statSync(file);
    if (!stats.isDirectory()) return;
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const reason = isMissing ? "there is no such file" : String(cause);
    throw new UsageError(`Cannot import ${file}: ${reason}`, { cause });
  }
  throw new UsageError(`Cannot import ${file}: it is a directory; name the files in it`);
}

/** Opens an input and reads as much of it as tells what it is. Aborting `signal` ends every read. */
export async function openSource(
  file: string,
  givenFormat: Format | undefined,
  signal: AbortSignal,
): Promise<Source> {
  const isStdin = file === STDIN;
  const name = isStdin ? "stdin" : file;
  const stream = isStdin ? process.stdin : createReadStream(file, { highWaterMark: CHUNK_BYTES });
  const raw = addAbortSignal(signal, stream)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const prefix = await readPrefix(raw, isStdin ? STDIN_PREFIX_BYTES : PREFIX_BYTES, name);
  const isGzip = prefix[0] === 0x1f && prefix[1] === 0x8b;
  const start = isGzip ? startOfGzip(prefix) : prefix.subarray(0, 4096);
  checkStart(start, name);
  let bytesRead = 0;

  async function* rawChunks(): AsyncGenerator<Buffer> {
    try {
      for (
        let chunk: Buffer | undefined = prefix;
        chunk !== undefined;
        chunk = await next(raw, name)
      ) {
        bytesRead += chunk.length;
        yield chunk;
      }
    } finally {
      stream.destroy();
    }
  }

  const format = givenFormat ?? detectFormat(file, start, name);
  const known = { name, identity: createHash("sha256").update(prefix).digest("hex"), format };
  if (format === "parquet") {
    stream.destroy();
    if (isStdin) {
      throw new UsageError("Cannot import Parquet from standard input: give it as a file");
    }
    return { ...known, ...(await openParquet(file, name)) };
  }
  return {
    ...known,
    totalBytes: isStdin ? undefined : statSync(file).size,
    isEmpty: prefix.length === 0,
    chunks: () => (isGzip ? gunzipped(rawChunks(), name) : rawChunks()),
    bytesRead: () => bytesRead,
  };
}

/** How far it is read is told by its rows: DuckDB reads the file where it likes. */
async function openParquet(file: string, name: string) {
  const rows = await openParquetRows(file, name);
  const totalBytes = statSync(file).size;
  return {
    totalBytes,
    isEmpty: rows.total === 0,
    chunks: () => rows.chunks(),
    bytesRead: () => Math.round((totalBytes * rows.done()) / Math.max(rows.total, 1)),
  };
}

/** The extension decides, else the first character: an event is an object. */
export function detectFormat(file: string, start: Buffer, name: string): Format {
  const plain = file.toLowerCase().replace(/\.gz$/, "");
  const text = start.toString("utf8").trimStart();
  if (/\.(csv|tsv)$/.test(plain)) return "csv";
  if (plain.endsWith(".parquet") || text.startsWith("PAR1")) return "parquet";
  if (text.startsWith("[")) {
    const example = file === STDIN ? "jq -c '.[]'" : `jq -c '.[]' ${file} | sluice import -`;
    throw new UsageError(
      `Cannot import ${name}: it begins with "[", a JSON array; NDJSON has one event in each line. Convert it: ${example}`,
    );
  }
  if (/\.(ndjson|jsonl|json)$/.test(plain)) return "ndjson";
  return text === "" || text.startsWith("{") ? "ndjson" : "csv";
}

function checkStart(start: Buffer, name: string): void {
  const mark = start.length < 2 ? 0 : start.readUInt16BE(0);
  if (mark === 0xfffe || mark === 0xfeff) {
    throw new UsageError(
      `Cannot import ${name}: it is UTF-16; convert it: iconv -f UTF-16 -t UTF-8`,
    );
  }
  if (mark === 0x504b || start.subarray(0, 4).equals(ZSTD_MAGIC)) {
    throw new UsageError(
      `Cannot import ${name}: it is compressed with something other than gzip; decompress it into sluice import -`,
    );
  }
}

const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

async function readPrefix(
  raw: AsyncIterator<Buffer>,
  wantedBytes: number,
  name: string,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  while (bytes < wantedBytes) {
    const chunk = await next(raw, name);
    if (chunk === undefined) break;
    parts.push(chunk);
    bytes += chunk.length;
  }
  return Buffer.concat(parts);
}

async function next(raw: AsyncIterator<Buffer>, name: string): Promise<Buffer | undefined> {
  try {
    const { done, value } = await raw.next();
    return done ? undefined : value;
  } catch (cause) {
    throw new CliError(`Cannot read ${name}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/** Only some of the first 4 KiB: a few more could hold gigabytes. */
function startOfGzip(prefix: Buffer): Buffer {
  try {
    return gunzipSync(prefix.subarray(0, 4096), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    // Reading it to the damaged place tells what is wrong.
    return Buffer.alloc(0);
  }
}

async function* gunzipped(chunks: AsyncGenerator<Buffer>, name: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  let readError: unknown;
  pipeline(Readable.from(chunks), gunzip, (error) => {
    readError = error;
  });
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`Cannot read ${name}: ${explainGunzip(readError ?? error)}`, {
      cause: error,
    });
  }
}

function explainGunzip(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "Z_BUF_ERROR") return "the gzip data ends too early; the file is truncated";
  if (code === "Z_DATA_ERROR") return `the gzip data is damaged (${(error as Error).message})`;
  return error instanceof Error ? error.message : String(error);
}
