import { createHash } from "node:crypto";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NO_PROGRESS, progressPath } from "../../../cli/import/progress-file.ts";
import { createKey } from "../../../contract/key.ts";
import { KEY_SECRET } from "../../integration/edge/edge-process.ts";
import { eventLines } from "../corpus/file-case.ts";
import type { Scene } from "./cli-door.ts";
import { runImport } from "./import-case.ts";
import { judgeImport } from "./judge-import.ts";

const SETTINGS = {
  "--batch-size": 1_000,
  "--format": "ndjson",
  "--rejects": "events.ndjson.rejects.ndjson",
};
const progress = (members: object) =>
  JSON.stringify({
    v: 1,
    file: "events.ndjson",
    settings: SETTINGS,
    progress: { ...NO_PROGRESS, ...members },
  });

/** What may stand where an earlier import has noted how far it came. */
const PROGRESS_TEXTS: Readonly<Record<string, string>> = {
  nothing: "",
  "half an object": '{"v":1,"file":"ev',
  null: "null",
  "an array": "[]",
  "a number": "7",
  "another version": '{"v":2}',
  "no settings": JSON.stringify({ v: 1, progress: NO_PROGRESS }),
  "settings that are null": JSON.stringify({ v: 1, settings: null, progress: NO_PROGRESS }),
  "no progress": JSON.stringify({ v: 1, settings: SETTINGS }),
  "progress that is null": JSON.stringify({ v: 1, settings: SETTINGS, progress: null }),
  "texts for numbers": progress({ batches: "1" }),
  "more batches than there are": progress({ batches: 1e9, digest: "00" }),
  "negative batches": progress({ batches: -5 }),
  "half a batch": progress({ batches: 0.5 }),
  "another digest": progress({ batches: 1, digest: "00", read: 1, accepted: 1 }),
  "rejects without end": progress({ batches: 1, digest: "00", rejectsBytes: 1e300 }),
  "negative rejects": progress({ batches: 1, digest: "00", rejectsBytes: -1 }),
  "rejects that are not there": progress({ batches: 1, digest: "00", rejectsBytes: 100 }),
  __proto__: '{"__proto__":{"v":1},"v":1}',
  "a level too deep": "[".repeat(100_000),
  "no UTF-8": "\xff\xfe",
};

/** Progress and rejects files that are not what they were, and places where none can be: each a run. */
export function mangledRuns(scene: Scene): (() => Promise<void>)[] {
  const progressRuns = Object.entries(PROGRESS_TEXTS).map(
    ([name, text]): Mangled => ({
      name: `progress: ${name}`,
      prepare: (_, file) => writeFile(file, text, "latin1"),
    }),
  );
  return [...progressRuns, ...PLACES].map((one) => () => run(one, scene));
}

type Mangled = {
  readonly name: string;
  readonly prepare?: (cwd: string, progressFile: string) => Promise<unknown>;
  readonly args?: readonly string[];
};

const PLACES: readonly Mangled[] = [
  { name: "progress: a folder", prepare: (_, file) => mkdir(file) },
  { name: "progress: a link to nowhere", prepare: (_, file) => symlink("nowhere/at/all", file) },
  { name: "rejects: the file itself", args: ["--rejects", "events.ndjson"] },
  { name: "rejects: in no folder", args: ["--rejects", "no/such/folder/rejects"] },
  {
    name: "rejects: a folder",
    prepare: (cwd) => mkdir(join(cwd, "rejects")),
    args: ["--rejects", "rejects"],
  },
  { name: "rejects: a name too long", args: ["--rejects", "x".repeat(5_000)] },
];

const TIMEOUT_MS = 90_000;

async function run(
  { name, prepare, args = [] }: Mangled,
  { edge, folder, tally }: Scene,
): Promise<void> {
  const cwd = join(folder, `mangled ${name.replaceAll("/", " ")}`);
  await mkdir(cwd);
  const content = Buffer.from(eventLines(5));
  await writeFile(join(cwd, "events.ndjson"), content);
  const identity = createHash("sha256").update(content).digest("hex");
  const parts = ["events.ndjson", identity, new URL(edge.url).href, "mangled"];
  await prepare?.(cwd, progressPath(cwd, parts));
  const key = createKey({ scope: "w", projectId: "mangled", kid: "k1" }, KEY_SECRET);
  const target = { url: edge.url, key };
  const result = await runImport([...args, "--", "events.ndjson"], cwd, target, TIMEOUT_MS);
  tally.count("progress and rejects", String(result.code));
  const after = await readFile(join(cwd, "events.ndjson")).catch(() => Buffer.alloc(0));
  const fault =
    judgeImport(result, false) ??
    (after.equals(content) ? undefined : "the file itself was changed");
  if (fault !== undefined) tally.fault({ kind: "file", text: `${name}: ${fault}` });
}
