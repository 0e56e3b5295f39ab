import { cp } from "node:fs/promises";
import { join } from "node:path";
import { findFreePort } from "../../local/free-port.ts";
import { timescalePart } from "../../local/store-parts.ts";
import { startService } from "./service.ts";
import { makeTempDir, type TempDir } from "./temp-dir.ts";

/** Tells the processes of the tests, and those that they start, where the template is. */
const PATH_VARIABLE = "SLUICE_TEST_TIMESCALE";
const FOLDER = "timescale";

let made: TempDir | undefined;

/**
 * Global set-up of vitest: one embedded database that nobody has used, made once. To make each test's own costs 3.5 s of processor time
 * more than to open a copy; `npm start` on an empty DATA_DIR is tested in test/e2e/stack.test.ts.
 */
export async function setup(): Promise<void> {
  made = await makeTempDir("timescale-template");
  const part = timescalePart(made.path, await findFreePort());
  const service = await startService(part, { path: made.path, remove: async () => {} });
  await service.stop();
  process.env[PATH_VARIABLE] = made.path;
}

export async function teardown(): Promise<void> {
  await made?.remove();
}

/** Puts a database into a data directory that has none, if there is a template. */
export async function copyTimescaleTemplate(dataDir: string): Promise<void> {
  const template = process.env[PATH_VARIABLE];
  if (template === undefined) return;
  await cp(join(template, FOLDER), join(dataDir, FOLDER), { recursive: true });
}
