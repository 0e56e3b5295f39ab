import type { Logger } from "../logger.ts";
import type { NatsPublisher } from "../publish/nats-publisher.ts";
import { createOutbox } from "../publish/outbox.ts";
import {
  createOutboxPublisher,
  type OutboxPublisher,
  RETRY_DELAY_MS,
} from "../publish/outbox-publisher.ts";
import type { PublisherTracing } from "../trace/publisher-tracing.ts";
import { createAlarm } from "./alarm.ts";
import type { OutboxFile } from "./outbox-files.ts";
import { untilAborted } from "./until-aborted.ts";

/** An outbox publisher that keeps its messages in a file and drains them by itself. */
export type FilePublisher = OutboxPublisher & {
  readonly path: string;
  readonly isEmpty: boolean;
  /** Drains what it can until `signal` aborts, and closes the file. NATS stays connected. */
  close(signal: AbortSignal): Promise<void>;
};

export type FilePublisherOptions = {
  readonly file: OutboxFile;
  readonly maxBytes: number;
  readonly nats: NatsPublisher;
  readonly logger: Logger;
  readonly tracing?: PublisherTracing | undefined;
};

/** It owns the file from now on. @throws when there is something wrong with it */
export function createFilePublisher(options: FilePublisherOptions): FilePublisher {
  const { file, logger } = options;
  const outbox = createOutbox(file.sql, options.maxBytes, Date.now());
  const publisher = createOutboxPublisher({
    nats: options.nats,
    outbox,
    logger,
    tracing: options.tracing,
    now: Date.now,
    scheduleDrain: async (delayMs) => alarm.schedule(delayMs),
  });
  const alarm = createAlarm(
    () => publisher.drain(),
    (error) => {
      logger.error("the outbox cannot be drained", { path: file.path, err: error });
      alarm.schedule(RETRY_DELAY_MS);
    },
  );
  if (!outbox.isEmpty) alarm.schedule(0);
  return {
    ...publisher,
    path: file.path,
    get isEmpty() {
      return outbox.isEmpty;
    },
    async close(signal) {
      await untilAborted(signal, drainAll());
      file.sql.close();
    },
  };

  async function drainAll(): Promise<void> {
    await alarm.stop();
    while (!outbox.isEmpty) {
      const before = outbox.status(Date.now()).messages;
      await publisher.drain().catch(() => {});
      if (outbox.status(Date.now()).messages === before) break; // For the next start.
    }
    await file.sql.settle();
  }
}
