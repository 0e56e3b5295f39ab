import { basename } from "node:path";
import type { Logger } from "../logger.ts";
import type { EventPublisher } from "../publish/event-publisher.ts";
import type { NatsPublisher } from "../publish/nats-publisher.ts";
import type { PublisherTracing } from "../trace/publisher-tracing.ts";
import { createFilePublisher, type FilePublisher } from "./file-publisher.ts";
import { type OutboxFile, takeLeftFiles, takeOutboxFile } from "./outbox-files.ts";

/** The publisher in this process, in the place of Durable Objects. */
export type LocalPublisher = EventPublisher & {
  /** Drains the outbox as far as it goes until `signal` aborts; what is left stays in its file. Then nothing is published any more. */
  close(signal: AbortSignal): Promise<void>;
};

export type LocalPublisherOptions = {
  /** Of the outboxes of all processes of this machine. */
  readonly folder: string;
  /** Of this process' outbox. */
  readonly maxBytes: number;
  /** Names publishers, as a region does on Cloudflare: `<region>-<number of the file>`. */
  readonly region: string;
  readonly nats: NatsPublisher;
  readonly logger: Logger;
  readonly tracing?: PublisherTracing | undefined;
};

/** How often files are looked for of which the process has ended. Its successor, if any, has taken one at its start. */
const ADOPT_EVERY_MS = 10_000;

/**
 * Publishes through an outbox of its own, and drains those that other processes have left behind: where there were four yesterday and
 * are two today, the events of all four reach the stream.
 * @throws when an outbox cannot be opened
 */
export function createLocalPublisher(options: LocalPublisherOptions): LocalPublisher {
  const { folder, region, logger } = options;
  const own = open(takeOutboxFile(folder));
  let adopted: FilePublisher[] = [];
  adopt();
  const timer = setInterval(adopt, ADOPT_EVERY_MS);

  function open(file: OutboxFile): FilePublisher {
    const { maxBytes, nats, tracing } = options;
    return createFilePublisher({ file, maxBytes, nats, logger, tracing });
  }

  function adopt(): void {
    adopted = closeEmpty(adopted);
    try {
      const left = closeEmpty(takeLeftFiles(folder).map(open));
      for (const { path } of left) {
        logger.warn("taking over an outbox of which the process has ended", { path });
      }
      adopted.push(...left);
    } catch (error) {
      // Of others: what this process takes goes into its own.
      logger.error("an outbox of which the process has ended cannot be read", { err: error });
    }
  }

  return {
    publish: (messages) => own.publish(messages),
    ping: () => own.ping(),
    tell: async (tally) => own.tell(tally),
    reports: async () =>
      [own, ...adopted].map((publisher) => ({
        name: `${region}-${/\d+/.exec(basename(publisher.path))?.[0]}`,
        status: publisher.status(),
      })),
    async close(signal) {
      clearInterval(timer);
      await Promise.all([own, ...adopted].map((publisher) => publisher.close(signal)));
      await options.nats.close();
    },
  };
}

/** @returns the others */
function closeEmpty(publishers: readonly FilePublisher[]): FilePublisher[] {
  const never = new AbortController().signal;
  const empty = publishers.filter(({ isEmpty }) => isEmpty);
  for (const publisher of empty) void publisher.close(never);
  return publishers.filter((publisher) => !empty.includes(publisher));
}
