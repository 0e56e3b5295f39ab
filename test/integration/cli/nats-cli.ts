import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { type DeadLetter, deadLetterSubject } from "../../../contract/dead-letter.ts";
import { deadStreamWish, eventsStreamWish } from "../../../contract/stream-wish.ts";
import { ensureStream } from "../../../worker/streams.ts";
import type { NatsService } from "../../support/nats.ts";
import { type Run, runSluice } from "./run-sluice.ts";

const MIB = 1024 * 1024;

/** The `sluice` command as an operator runs it, and the streams it works on. */
export type NatsCli = {
  readonly cwd: string;
  readonly manager: JetStreamManager;
  start(...args: string[]): Run;
  run(...args: string[]): Run["done"];
  /** Deletes the streams and makes them anew, as the worker does, so that positions count from 1. */
  recreateStreams(options?: {
    readonly maxBytes?: number;
    readonly names?: readonly string[];
  }): Promise<void>;
  publish(subject: string, payload: string | Uint8Array): Promise<void>;
  bury(letter: Partial<DeadLetter>): Promise<void>;
  /** All messages of a stream, oldest first. */
  read(stream: string): Promise<{ seq: number; subject: string; text: string; id: string }[]>;
  close(): Promise<void>;
};

export async function createNatsCli(nats: NatsService): Promise<NatsCli> {
  const { operator, tester } = nats;
  const connection = await connect({
    servers: nats.url,
    user: tester.user,
    pass: tester.password,
  });
  const manager = await jetstreamManager(connection);
  const client = jetstream(connection);
  const cwd = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  const env = {
    NATS_URL: nats.url,
    NATS_USER: operator.user,
    NATS_PASSWORD: operator.password,
  };
  const runs: Run[] = [];
  const start = (...args: string[]) => {
    const run = runSluice(args, { cwd, env });
    runs.push(run);
    return run;
  };
  return {
    cwd,
    manager,
    start,
    run(...args) {
      const run = start(...args);
      run.child.stdin?.end();
      return run.done;
    },
    async recreateStreams({ maxBytes = 64 * MIB, names } = {}) {
      const options = { maxBytes, maxAgeHours: 72, replicas: 1 };
      for (const wish of [eventsStreamWish(options), deadStreamWish(options)]) {
        if (names?.includes(wish.name) === false) continue;
        await manager.streams.delete(wish.name).catch(() => {});
        await ensureStream(manager, wish);
      }
    },
    async publish(subject, payload) {
      await client.publish(subject, payload);
    },
    async bury(given) {
      const letter: DeadLetter = {
        reason: "value is out of range",
        stream_sequence: 7,
        subject: "events.shop",
        received_at: "2026-03-01T10:00:00.000Z",
        failed_at: "2026-03-01T10:00:01.000Z",
        ...given,
      };
      await client.publish(deadLetterSubject(letter), JSON.stringify(letter));
    },
    async read(stream) {
      const { state } = await manager.streams.info(stream);
      const messages = [];
      for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
        const message = await manager.streams.getMessage(stream, { seq });
        if (message === null) continue;
        const { subject, header } = message;
        messages.push({ seq, subject, text: message.string(), id: header.get("Nats-Msg-Id") });
      }
      return messages;
    },
    async close() {
      for (const { child, done } of runs) {
        child.kill("SIGKILL");
        await done;
      }
      await connection.close();
      rmSync(cwd, { recursive: true, force: true });
    },
  };
}
