import type { StreamMessage } from "./nats-publisher.ts";

export type KeptMessage = StreamMessage & { readonly id: number };

/**
 * Messages that NATS could not take yet, in a Durable Object's SQLite storage, oldest first. What {@link Outbox.keep} has taken
 * survives the object: the runtime holds back every answer until the write is on disk.
 */
export type Outbox = {
  readonly isEmpty: boolean;
  /** False, with nothing kept, when the message does not fit any more. */
  keep(message: StreamMessage): boolean;
  oldest(limit: number): KeptMessage[];
  remove(ids: readonly number[]): void;
};

export function createOutbox(sql: SqlStorage, maxBytes: number): Outbox {
  sql.exec(`create table if not exists outbox (
    id integer primary key autoincrement, subject text not null, message_id text not null, payload blob not null
  )`);
  let bytes = sql
    .exec<{ bytes: number }>("select coalesce(sum(length(payload)), 0) as bytes from outbox")
    .one().bytes;

  return {
    get isEmpty() {
      return bytes === 0;
    },

    keep({ subject, messageId, payload }) {
      if (bytes + payload.byteLength > maxBytes) return false;
      sql.exec(
        "insert into outbox (subject, message_id, payload) values (?, ?, ?)",
        subject,
        messageId,
        payload,
      );
      bytes += payload.byteLength;
      return true;
    },

    oldest(limit) {
      const rows = sql.exec<Row>(
        "select id, subject, message_id, payload from outbox order by id limit ?",
        limit,
      );
      return [...rows].map(({ id, subject, message_id, payload }) => ({
        id,
        subject,
        messageId: message_id,
        payload: new Uint8Array(payload),
      }));
    },

    remove(ids) {
      for (const id of ids) {
        const removed = sql.exec<{ bytes: number }>(
          "delete from outbox where id = ? returning length(payload) as bytes",
          id,
        );
        for (const row of removed) bytes -= row.bytes;
      }
    },
  };
}

type Row = { id: number; subject: string; message_id: string; payload: ArrayBuffer };
