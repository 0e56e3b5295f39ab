import type { ConsumerInfo, JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import { isReplayConsumer, parseReplayPlan } from "../contract/replay.ts";
import { EVENTS_STREAM } from "../contract/stream.ts";
import type { Intake, IntakeDeps } from "./intake.ts";
import type { Logger } from "./logger.ts";
import { pause } from "./pause.ts";
import { type Replay, runReplay } from "./replay.ts";
import { settledWithin } from "./time-limit.ts";

export type ReplaysDeps = {
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly createIntake: (more: Pick<IntakeDeps, "ackWaitMs" | "onCommitted" | "logger">) => Intake;
  readonly logger: Logger;
  readonly stop: AbortSignal;
};

const EVERY_MS = 2_000;
const STOP_MS = 5_000;
/** Each holds messages; the others wait for their turn. */
const MAX_AT_ONCE = 4;

/** Looks for consumers that ask for a replay, and works each of them off beside the live one, until stopped. */
export async function runReplays(deps: ReplaysDeps): Promise<void> {
  const { manager, logger, stop } = deps;
  const running = new Map<string, Promise<void>>();
  const unreadable = new Set<string>();

  while (!stop.aborted) {
    try {
      await look();
    } catch (error) {
      logger.debug({ err: error }, "look for replays failed, retrying");
    }
    await pause(EVERY_MS, stop);
  }
  await settledWithin(STOP_MS, Promise.all(running.values()));

  async function look(): Promise<void> {
    for await (const info of manager.consumers.list(EVENTS_STREAM)) {
      const { name } = info;
      if (!isReplayConsumer(name) || running.has(name) || unreadable.has(name)) continue;
      if (running.size >= MAX_AT_ONCE || stop.aborted) return;
      const replay = read(info);
      if (replay !== undefined) running.set(name, run(replay));
    }
  }

  /** One that cannot be read stays as it is: whoever has made it is told once. */
  function read({ name, config }: ConsumerInfo): Replay | undefined {
    try {
      const plan = parseReplayPlan(config.description);
      return { name, plan, ackWaitMs: (config.ack_wait ?? DEFAULT_ACK_WAIT_NANOS) / NANOS_PER_MS };
    } catch (error) {
      unreadable.add(name);
      logger.error({ err: error, replay: name }, "replay cannot be read");
      return undefined;
    }
  }

  async function run(replay: Replay): Promise<void> {
    try {
      await runReplay(replay, deps);
    } catch (error) {
      logger.error({ err: error, replay: replay.name }, "replay failed");
    } finally {
      running.delete(replay.name);
    }
  }
}

const NANOS_PER_MS = 1_000_000;
/** The server's. */
const DEFAULT_ACK_WAIT_NANOS = 30_000 * NANOS_PER_MS;
