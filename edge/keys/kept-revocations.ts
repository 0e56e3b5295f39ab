import type { DurableSql } from "../publish/durable-sql.ts";
import type { RevocationStore } from "./revocation-list.ts";

/**
 * Keeps the list of revoked keys where neither Redis' end nor the edge's takes it away: an edge that starts while Redis is away
 * asks here, and so does one that starts after Redis lost its data. It hears of a revocation from the first that reads it.
 */
export function createKeptRevocations(sql: DurableSql): RevocationStore {
  sql.write(
    "create table if not exists revoked (field text primary key, revoked_at text not null) without rowid",
  );
  return {
    async read() {
      const rows = sql.read<{ field: string; revoked_at: string }>(
        "select field, revoked_at from revoked",
      );
      return new Map(rows.map(({ field, revoked_at }) => [field, revoked_at]));
    },

    async add(revocations) {
      for (const [field, revokedAt] of revocations) {
        sql.write(
          "insert into revoked (field, revoked_at) values (?, ?) on conflict do nothing",
          field,
          revokedAt,
        );
      }
      await sql.settle();
    },
  };
}
