import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Part } from "../../local/part.ts";
import type { NatsLogin } from "./nats.ts";

/** May do everything in the streams' account, by any door: tests look into streams, and break them. No real server has it. */
export const NATS_TESTER_LOGIN: NatsLogin = { user: "tester", password: "tester-password" };

const WORKER_USER = /^( *)\{\n +user: worker$/m;

/** Adds the tester to a prepared nats-server, whose other users stay as they are. */
export async function addTester(part: Part): Promise<void> {
  const configPath = part.args.at(-1) ?? "";
  const includedPath = join(dirname(configPath), "nats-accounts.conf");
  const path = existsSync(includedPath) ? includedPath : configPath;
  const config = await readFile(path, "utf8");
  const { user, password } = NATS_TESTER_LOGIN;
  const extended = config.replace(
    WORKER_USER,
    (worker, indent: string) => `${indent}{ user: ${user}, password: "${password}" }\n${worker}`,
  );
  if (extended === config) throw new Error(`Cannot add tester: ${path} has no worker`);
  await writeFile(path, extended);
}
