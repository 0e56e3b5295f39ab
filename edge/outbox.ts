import type { StreamMessage } from "./nats-publisher.ts";

export type KeptMessage = StreamMessage & { readonly id: number };

export type OutboxStatus = {
  readonly messages: number;
  readonly events: number;
  readonly bytes: number;
  readonly maxBytes: number;
  /** 0 when it is empty. */
  readonly oldestAgeMs: number;
};

/**
 * Messages that NATS could not take yet, in a Durable Object's SQLite storage, oldest first. What {@link Outbox.keep} has taken
 * survives the object: the runtime holds back every answer until the write is on disk.
 */
export type Outbox = {
  readonly isEmpty: boolean;
  /** False, with nothing kept, when the message does not fit any more. */
  keep(message: StreamMessage, nowMs: number): boolean;
  oldest(limit: number): KeptMessage[];
  remove(ids: readonly number[]): void;
  status(nowMs: number): OutboxStatus;
};

export function createOutbox(sql: SqlStorage, maxBytes: number, nowMs: number): Outbox {
  prepareTable(sql, nowMs);
  let { messages, events, bytes } = sql
    .exec<Size>(
      `select count(*) as messages, coalesce(sum(events), 0) as events,
        coalesce(sum(length(payload)), 0) as bytes from outbox`,
    )
    .one();

  return {
    get isEmpty() {
      return messages === 0;
    },

    keep(message, keptAtMs) {
      const { subject, messageId, payload } = message;
      if (bytes + payload.byteLength > maxBytes) return false;
      sql.exec(
        "insert into outbox (subject, message_id, payload, events, kept_at_ms) values (?, ?, ?, ?, ?)",
        subject,
        messageId,
        payload,
        message.events,
        keptAtMs,
      );
      messages += 1;
      events += message.events;
      bytes += payload.byteLength;
      return true;
    },

    oldest(limit) {
      const rows = sql.exec<Row>(
        "select id, subject, message_id, payload, events from outbox order by id limit ?",
        limit,
      );
      return [...rows].map(({ message_id, payload, ...row }) => ({
        ...row,
        messageId: message_id,
        payload: new Uint8Array(payload),
      }));
    },

    remove(ids) {
      for (const id of ids) {
        const removed = sql.exec<Omit<Size, "messages">>(
          "delete from outbox where id = ? returning events, length(payload) as bytes",
          id,
        );
        for (const row of removed) {
          messages -= 1;
          events -= row.events;
          bytes -= row.bytes;
        }
      }
    },

    status(askedAtMs) {
      const [oldest] = sql.exec<{ kept_at_ms: number }>(
        "select kept_at_ms from outbox order by id limit 1",
      );
      const oldestAgeMs = oldest === undefined ? 0 : Math.max(0, askedAtMs - oldest.kept_at_ms);
      return { messages, events, bytes, maxBytes, oldestAgeMs };
    },
  };
}

type Size = { messages: number; events: number; bytes: number };

type Row = {
  id: number;
  subject: string;
  message_id: string;
  payload: ArrayBuffer;
  events: number;
};

/** A table that 0.1.0 made lacks two columns: its messages tell how many events they hold, and count as kept now. */
function prepareTable(sql: SqlStorage, nowMs: number): void {
  sql.exec(`create table if not exists outbox (
    id integer primary key autoincrement, subject text not null, message_id text not null, payload blob not null,
    events integer not null default 0, kept_at_ms integer not null default 0
  )`);
  const columns = [...sql.exec<{ name: string }>("pragma table_info(outbox)")];
  if (columns.some(({ name }) => name === "events")) return;
  sql.exec(`
    alter table outbox add column events integer not null default 0;
    alter table outbox add column kept_at_ms integer not null default 0;
  `);
  sql.exec(
    "update outbox set events = json_array_length(cast(payload as text), '$.events'), kept_at_ms = ?",
    nowMs,
  );
}
