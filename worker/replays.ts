import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import { isReplayConsumer, parseReplayPlan } from "../contract/replay.ts";
import { EVENTS_STREAM } from "../contract/stream.ts";
import type { Intake, IntakeDeps } from "./intake.ts";
import type { Logger } from "./logger.ts";
import { pause } from "./pause.ts";
import { runReplay } from "./replay.ts";
import { settledWithin } from "./time-limit.ts";

export type ReplaysDeps = {
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly createIntake: (more: Pick<IntakeDeps, "ackWaitMs" | "onCommitted">) => Intake;
  readonly logger: Logger;
  readonly stop: AbortSignal;
};

const EVERY_MS = 2_000;
const STOP_MS = 5_000;

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
    for await (const { name, config } of manager.consumers.list(EVENTS_STREAM)) {
      if (!isReplayConsumer(name) || running.has(name) || unreadable.has(name)) continue;
      start(name, config.description);
    }
  }

  function start(name: string, description: string | undefined): void {
    try {
      const plan = parseReplayPlan(description);
      const replaying = runReplay({ ...deps, name, plan })
        .catch((error) => logger.error({ err: error, replay: name }, "replay failed"))
        .finally(() => running.delete(name));
      running.set(name, replaying);
    } catch (error) {
      // It stays as it is: whoever has made it is told once.
      unreadable.add(name);
      logger.error({ err: error, replay: name }, "replay cannot be read");
    }
  }
}
