/** What stands inside a stack's parts, where no key is asked for: whose it is must be told by where it stands. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { Redis } from "ioredis";
import { OPERATOR_INBOX } from "../../../contract/stream.ts";
import { openDuckDb } from "../../../worker/duckdb/database.ts";
import type { StackService } from "../stack.ts";

/** Lends the operator's connection. */
export async function withNats<T>(
  stack: StackService,
  use: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const { username, password, host } = new URL(stack.nats_url);
  const connection = await connect({
    servers: host,
    user: decodeURIComponent(username),
    pass: decodeURIComponent(password),
    inboxPrefix: OPERATOR_INBOX,
  });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

export type FoundMessage = {
  readonly subject: string;
  readonly messageId: string | undefined;
  readonly text: string;
};

export function readStream(stack: StackService, stream: string): Promise<FoundMessage[]> {
  return withNats(stack, async (connection) => {
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const { state } = await manager.streams.info(stream);
    const messages: FoundMessage[] = [];
    for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
      const message = await manager.streams.getMessage(stream, { seq });
      if (message === null) continue;
      const { subject, header } = message;
      messages.push({ subject, messageId: header.get("Nats-Msg-Id"), text: message.string() });
    }
    return messages;
  });
}

/** Past the edge's validation: into the stream as it is. */
export function publishRaw(stack: StackService, subject: string, value: unknown): Promise<void> {
  return withNats(stack, async (connection) => {
    await jetstream(connection).publish(subject, JSON.stringify(value));
  });
}

/** Every key of Redis with what it holds. */
export async function readRedis(stack: StackService): Promise<Map<string, string>> {
  const redis = new Redis(stack.redis_url);
  try {
    const contents = new Map<string, string>();
    for (const key of await redis.keys("*")) {
      const dump = await redis.dumpBuffer(key);
      if (dump !== null) contents.set(key, dump.toString("hex"));
    }
    return contents;
  } finally {
    redis.disconnect();
  }
}

export type ColdFileContent = {
  /** Below the tier's folder. */
  readonly path: string;
  readonly hash: string;
  /** Each row as JSON. */
  readonly rows: readonly string[];
};

export async function readColdFiles(folder: string): Promise<ColdFileContent[]> {
  const names = await readdir(folder, { recursive: true });
  const duckdb = await openDuckDb({ path: ":memory:", allowedDirectories: [folder] });
  try {
    const files: ColdFileContent[] = [];
    for (const path of names.filter((name) => name.endsWith(".parquet")).sort()) {
      const whole = join(folder, path);
      const rows = await duckdb.query<{ row: string }>({
        text: `select to_json(found)::varchar as row from read_parquet('${whole}', hive_partitioning = false) as found`,
        params: [],
      });
      const hash = createHash("sha256")
        .update(await readFile(whole))
        .digest("hex");
      files.push({ path, hash, rows: rows.map(({ row }) => row) });
    }
    return files;
  } finally {
    duckdb.close();
  }
}

/** All that the parts have logged, and that npm start has printed. */
export async function readLogs(stack: StackService): Promise<string[]> {
  const { parts } = await stack.describe();
  const paths = new Set(Object.values(parts).map(({ log }) => log));
  const logs = await Promise.all([...paths].map((path) => readFile(path, "utf8")));
  return [...logs, stack.output()];
}
