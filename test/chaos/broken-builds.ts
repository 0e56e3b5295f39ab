/**
 * Sluice with one promise broken on purpose: what the harness must notice. Each is one change of the source, and the faults under
 * which it costs events.
 */
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export type BrokenBuild = {
  readonly name: string;
  readonly file: string;
  /** Must stand in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** See `parseSequence`. */
  readonly sequence: string;
};

export const BROKEN_BUILDS: readonly BrokenBuild[] = [
  {
    name: "the worker acknowledges before it commits",
    file: "worker/in-flight.ts",
    find: "bytes += message.data.length;",
    replace: "bytes += message.data.length; message.ack();",
    sequence: "cut:worker-database:3000,+kill:worker",
  },
  {
    name: "the edge marks events as seen before it publishes them",
    file: "edge/store-events.ts",
    find: "  const publishing =\n",
    replace: "  await deps.memory.markSeen(projectId, idsOf(events));\n  const publishing =\n",
    sequence: "cut:edge-nats:3000,+kill:edge",
  },
  {
    name: "the edge answers 202 without keeping the events in the outbox",
    file: "edge/publish/outbox-publisher.ts",
    find: "return (await outbox.keep(message, now())) ?",
    replace: "return (true as boolean) ?",
    // Longer than the edge tries to publish.
    sequence: "cut:edge-nats:5000",
  },
];

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOLDERS = [
  "contract",
  "edge",
  "worker",
  "sql",
  "deploy",
  "local",
  "test/chaos",
  "test/support",
  "test/bench",
];
const FILES = ["package.json", "tsconfig.json", "wrangler.toml"];

/** A copy of this repository with the change, in `folder`. @throws when the source is not what the change expects */
export async function makeBrokenBuild(build: BrokenBuild, folder: string): Promise<void> {
  await copyRepository(folder);
  const path = join(folder, build.file);
  const source = await readFile(path, "utf8");
  const parts = source.split(build.find);
  if (parts.length !== 2) {
    throw new Error(
      `Cannot break ${build.file}: what is to be changed stands there ${parts.length - 1} times`,
    );
  }
  await writeFile(path, parts.join(build.replace));
}

export async function copyRepository(folder: string): Promise<void> {
  await mkdir(join(folder, "test"), { recursive: true });
  for (const name of [...FOLDERS, ...FILES]) {
    await cp(join(ROOT, name), join(folder, name), { recursive: true });
  }
  for (const name of ["node_modules", ".tools"]) {
    await symlink(join(ROOT, name), join(folder, name)).catch(() => {});
  }
}
