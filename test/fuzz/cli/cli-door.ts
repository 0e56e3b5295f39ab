import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { createKey } from "../../../contract/key.ts";
import { type EdgeProcess, KEY_SECRET, startEdge } from "../../integration/edge/edge-process.ts";
import { openEventsStream } from "../../integration/edge/events-stream.ts";
import { startNats } from "../../support/nats.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { CSV_FILES } from "../corpus/csv-files.ts";
import type { FileCase } from "../corpus/file-case.ts";
import { NDJSON_FILES } from "../corpus/ndjson-files.ts";
import { PARQUET_FILES } from "../corpus/parquet-files.ts";
import { type Door, type DoorOptions, sharesOf } from "../door.ts";
import { damagedFile } from "../generators/files.ts";
import { createTally, type Tally } from "../tally.ts";
import { runImport } from "./import-case.ts";
import { judgeImport, totalOf } from "./judge-import.ts";
import { mangledRuns } from "./mangled-runs.ts";

/** `sluice import` of hostile files, into a real edge with a real stream. */
export const cliDoor: Door = async (options) => {
  const startedMs = Date.now();
  const nats = await startNats();
  const stream = await openEventsStream(nats);
  await stream.create(2 * 1024 ** 3);
  const edge = await startEdge(nats);
  const folder = await makeTempDir("files");
  const tally = createTally((fault) => options.say(`fault: ${fault.kind}: ${fault.text}`));
  try {
    const notes = await runAll({ edge, folder: folder.path, tally }, options);
    const seconds = (Date.now() - startedMs) / 1_000;
    return { door: "cli", seeds: options.seeds, tally, seconds, notes };
  } finally {
    await folder.remove();
    await edge.stop();
    await stream.connection.close();
    await nats.stop();
  }
};

export type Scene = {
  readonly edge: Pick<EdgeProcess, "url">;
  readonly folder: string;
  readonly tally: Tally;
};

/** Each is a process of its own, some with files of 100 MB. */
const MAX_AT_ONCE = 3;
const TIMEOUT_MS = 90_000;

/** Everything of the corpora that fits into the number, then files by chance. */
async function runAll(scene: Scene, options: DoorOptions): Promise<string[]> {
  const peaks = { lines: 0, parquet: 0 };
  const toTrial = (one: FileCase) => async () => {
    const peakMiB = await runOne(one, scene);
    const kind = isParquet(one) ? "parquet" : "lines";
    peaks[kind] = Math.max(peaks[kind], peakMiB);
  };
  const files = [...NDJSON_FILES, ...CSV_FILES, ...PARQUET_FILES].map(toTrial);
  const corpus = [...files, ...mangledRuns(scene)];
  // A few by chance also where the number is too small for the corpora.
  const chosen = spread(corpus, Math.min(corpus.length, Math.ceil(options.requests * 0.8)));
  const left = { seeds: options.seeds, requests: options.requests - chosen.length };
  const random = sharesOf(left).flatMap(({ seed, requests }) =>
    fc.sample(damagedFile, { seed, numRuns: requests }),
  );
  const queue = [...chosen, ...random.map(toTrial)];
  const runLane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (!options.stop.aborted) await next();
    }
  };
  await Promise.all(Array.from({ length: MAX_AT_ONCE }, runLane));
  return [`most memory in MiB: ${peaks.lines} for lines, ${peaks.parquet} for Parquet`];
}

/** As many of them as wanted, from all over. */
function spread<T>(items: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, index) => {
    return items[Math.floor((index * items.length) / count)] as T;
  });
}

let runs = 0;

/** A project of its own for each file, so that what was stored is told apart. Answers the most memory that it took. */
async function runOne(one: FileCase, { edge, folder, tally }: Scene): Promise<number> {
  runs += 1;
  const cwd = join(folder, String(runs));
  await mkdir(cwd);
  await writeFile(join(cwd, one.fileName), await one.content());
  const key = createKey({ scope: "w", projectId: `files-${runs}`, kid: "k1" }, KEY_SECRET);
  const args = [...(one.args ?? []), "--", one.fileName];
  const run = await runImport(args, cwd, { url: edge.url, key }, TIMEOUT_MS);
  tally.count(one.name.split(":", 1)[0] ?? "", String(run.code));
  const accepted = totalOf(run)?.accepted ?? 0;
  const fault =
    judgeImport(run, isParquet(one)) ??
    (one.accepted === undefined || one.accepted === accepted
      ? undefined
      : `${accepted} events are accepted, and should be ${one.accepted}: ${run.stderr.slice(0, 300)}`) ??
    (one.says === undefined || run.stderr.includes(one.says)
      ? undefined
      : `it says: ${run.stderr}`) ??
    (await judgeRejects(cwd, totalOf(run)?.rejected ?? 0));
  if (fault !== undefined) tally.fault({ kind: "file", text: `${one.name}: ${fault}` });
  await rm(cwd, { recursive: true, force: true });
  return run.peakMiB;
}

/** Each rejected event is in the file, as a line of JSON that says why. */
async function judgeRejects(cwd: string, rejected: number): Promise<string | undefined> {
  const name = (await readdir(cwd)).find((entry) => entry.endsWith(".rejects.ndjson"));
  const text = name === undefined ? "" : await readFile(join(cwd, name), "utf8");
  const lines = text.split("\n").slice(0, -1);
  if (lines.length !== rejected) return `${rejected} rejected, ${lines.length} in the rejects file`;
  for (const line of lines) {
    const { code } = JSON.parse(line) as { code?: unknown };
    if (typeof code !== "string") return `a line of the rejects file has no code: ${line}`;
  }
  return undefined;
}

function isParquet({ fileName }: FileCase): boolean {
  return fileName.endsWith(".parquet");
}
