import type { DurableSql } from "./durable-sql.ts";
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

/** Messages that NATS could not take yet, oldest first. */
export type Outbox = {
  readonly isEmpty: boolean;
  /**
   * Resolves when the message is on disk; to false, with nothing kept, when it does not fit any more.
   * @throws when it cannot be written; then it is not kept
   */
  keep(message: StreamMessage, nowMs: number): Promise<boolean>;
  oldest(limit: number): KeptMessage[];
  /** @throws when that cannot be written; then they are still there */
  remove(ids: readonly number[]): Promise<void>;
  status(nowMs: number): OutboxStatus;
};

/** Counts what it holds as it goes: adding up some thousand rows takes milliseconds, which every publish would cost. */
export function createOutbox(sql: DurableSql, maxBytes: number, nowMs: number): Outbox {
  prepareTable(sql, nowMs);
  const held = count(sql);

  /** Takes what was written into account until it is on disk, and out again if it never will be. */
  async function settle(change: Size, sign: 1 | -1): Promise<void> {
    add(held, change, sign);
    try {
      await sql.settle();
    } catch (error) {
      add(held, change, sign === 1 ? -1 : 1);
      throw error;
    }
  }

  return {
    get isEmpty() {
      return held.messages === 0;
    },

    async keep({ subject, messageId, payload, events, trace }, keptAtMs) {
      const bytes = payload.byteLength;
      if (held.bytes + bytes > maxBytes) return false;
      sql.write(
        "insert into outbox (subject, message_id, payload, events, kept_at_ms, trace) values (?, ?, ?, ?, ?, ?)",
        subject,
        messageId,
        payload,
        events,
        keptAtMs,
        trace === undefined ? "" : JSON.stringify(trace),
      );
      await settle({ messages: 1, events, bytes }, 1);
      return true;
    },

    oldest(limit) {
      const rows = sql.read<Row>(
        "select id, subject, message_id, payload, events, trace from outbox order by id limit ?",
        limit,
      );
      return rows.map(({ message_id, payload, trace, ...row }) => ({
        ...row,
        ...(trace === "" ? {} : { trace: JSON.parse(trace) }),
        messageId: message_id,
        payload: new Uint8Array(payload),
      }));
    },

    async remove(ids) {
      const removed: Size = { messages: 0, events: 0, bytes: 0 };
      for (const id of ids) {
        const rows = sql.write<Omit<Size, "messages">>(
          "delete from outbox where id = ? returning events, length(payload) as bytes",
          id,
        );
        for (const row of rows) add(removed, { messages: 1, ...row }, 1);
      }
      await settle(removed, -1);
    },

    status(askedAtMs) {
      const [oldest] = sql.read<{ kept_at_ms: number }>(
        "select kept_at_ms from outbox order by id limit 1",
      );
      const oldestAgeMs = oldest === undefined ? 0 : Math.max(0, askedAtMs - oldest.kept_at_ms);
      return { ...held, maxBytes, oldestAgeMs };
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
  /** The headers of its trace, as JSON; empty where it has none. */
  trace: string;
};

function add(sum: Size, change: Size, sign: 1 | -1): void {
  sum.messages += sign * change.messages;
  sum.events += sign * change.events;
  sum.bytes += sign * change.bytes;
}

function count(sql: DurableSql): Size {
  const [size] = sql.read<Size>(
    `select count(*) as messages, coalesce(sum(events), 0) as events,
      coalesce(sum(length(payload)), 0) as bytes from outbox`,
  );
  return size ?? { messages: 0, events: 0, bytes: 0 };
}

/** A table that 0.1.0 made lacks three columns: its messages tell how many events they hold, and count as kept now. */
function prepareTable(sql: DurableSql, nowMs: number): void {
  sql.write(`create table if not exists outbox (
    id integer primary key autoincrement, subject text not null, message_id text not null, payload blob not null,
    events integer not null default 0, kept_at_ms integer not null default 0, trace text not null default ''
  )`);
  const columns = sql.read<{ name: string }>("pragma table_info(outbox)");
  if (!columns.some(({ name }) => name === "trace")) {
    sql.write("alter table outbox add column trace text not null default ''");
  }
  if (columns.some(({ name }) => name === "events")) return;
  sql.write("alter table outbox add column events integer not null default 0");
  sql.write("alter table outbox add column kept_at_ms integer not null default 0");
  sql.write(
    "update outbox set events = json_array_length(cast(payload as text), '$.events'), kept_at_ms = ?",
    nowMs,
  );
}
