import { DurableObject } from "cloudflare:workers";
import type { Revocations } from "../contract/revocation.ts";
import type { Vars } from "./env.ts";
import type { RevocationStore } from "./revocation-list.ts";

/**
 * Keeps the list of revoked keys where neither Redis' end nor the isolates' takes it away: an isolate that starts while Redis is away
 * asks here, and so does one that starts after Redis lost its data. It hears of a revocation from the first isolate that reads it.
 */
export class RevocationKeeper extends DurableObject<Vars> implements RevocationStore {
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, vars: Vars) {
    super(state, vars);
    this.#sql = state.storage.sql;
    this.#sql.exec(
      "create table if not exists revoked (field text primary key, revoked_at text not null) without rowid",
    );
  }

  async read(): Promise<Revocations> {
    const rows = this.#sql.exec<{ field: string; revoked_at: string }>(
      "select field, revoked_at from revoked",
    );
    return new Map([...rows].map(({ field, revoked_at }) => [field, revoked_at]));
  }

  async add(revocations: Revocations): Promise<void> {
    for (const [field, revokedAt] of revocations) {
      this.#sql.exec(
        "insert into revoked (field, revoked_at) values (?, ?) on conflict do nothing",
        field,
        revokedAt,
      );
    }
  }
}

/** One for all isolates of all regions, so that each learns what any has read. */
export function createKeeperClient(
  namespace: DurableObjectNamespace<RevocationKeeper>,
): RevocationStore {
  return {
    read: async () => namespace.getByName("all").read(),
    add: async (revocations) => namespace.getByName("all").add(revocations),
  };
}
