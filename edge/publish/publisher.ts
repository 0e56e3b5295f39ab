import { DurableObject } from "cloudflare:workers";
import { parseConfig, type Vars } from "../env.ts";
import { createLogger } from "../logger.ts";
import type { Tally } from "../metrics/tally.ts";
import { createTracing } from "../trace/tracing.ts";
import { createDurableObjectSql } from "./durable-object-sql.ts";
import { createNatsPublisher, type PublishOutcome, type StreamMessage } from "./nats-publisher.ts";
import { NATS_WEBSOCKET } from "./nats-websocket.ts";
import { createOutbox } from "./outbox.ts";
import {
  createOutboxPublisher,
  type OutboxPublisher,
  type PublisherStatus,
  RETRY_DELAY_MS,
} from "./outbox-publisher.ts";

/**
 * A publisher for the requests of its region. A Worker may not use a socket beyond the request that opened it; a Durable Object may. It
 * connects at the first publish, never in its constructor, which would hold up every call while NATS is away. Its alarms drain the
 * outbox.
 */
export class Publisher extends DurableObject<Vars> {
  readonly #publisher: OutboxPublisher;

  constructor(state: DurableObjectState, vars: Vars) {
    super(state, vars);
    const { nats, outboxMaxBytes, tracing: traceSettings } = parseConfig(vars);
    const login = { ...nats, name: `sluice-edge-${state.id.name ?? state.id}` };
    const sql = createDurableObjectSql(state.storage.sql);
    const logger = createLogger();
    const tracing = traceSettings && createTracing(traceSettings, logger);
    const outbox = createOutbox(sql, outboxMaxBytes, Date.now());
    this.#publisher = createOutboxPublisher({
      nats: createNatsPublisher(login, NATS_WEBSOCKET),
      outbox,
      logger,
      now: Date.now,
      scheduleDrain: (delayMs) => this.#scheduleDrain(delayMs),
      tracing: tracing && {
        tracer: tracing.tracer,
        exportSoon: () => tracing.exportSoon((work) => this.ctx.waitUntil(work)),
      },
    });
    // Miniflare's alarms do not survive a restart of the runtime, the outbox does.
    if (!outbox.isEmpty) this.ctx.waitUntil(this.#scheduleDrain(RETRY_DELAY_MS));
  }

  publish(messages: readonly StreamMessage[]): Promise<PublishOutcome[]> {
    return this.#publisher.publish(messages);
  }

  tell(tally: Tally): void {
    this.#publisher.tell(tally);
  }

  status(): PublisherStatus {
    return this.#publisher.status();
  }

  ping(): Promise<void> {
    return this.#publisher.ping();
  }

  override alarm(): Promise<void> {
    return this.#publisher.drain();
  }

  async #scheduleDrain(delayMs: number): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) {
      await this.ctx.storage.setAlarm(Date.now() + delayMs);
    }
  }
}
