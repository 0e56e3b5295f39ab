import { DurableObject } from "cloudflare:workers";
import type { Revocations } from "../../contract/revocation.ts";
import type { Vars } from "../env.ts";
import { createDurableObjectSql } from "../publish/durable-object-sql.ts";
import { createKeptRevocations } from "./kept-revocations.ts";
import type { RevocationStore } from "./revocation-list.ts";

/** The kept revocations of all isolates. */
export class RevocationKeeper extends DurableObject<Vars> implements RevocationStore {
  readonly #kept: RevocationStore;

  constructor(state: DurableObjectState, vars: Vars) {
    super(state, vars);
    this.#kept = createKeptRevocations(createDurableObjectSql(state.storage.sql));
  }

  read(): Promise<Revocations> {
    return this.#kept.read();
  }

  add(revocations: Revocations): Promise<void> {
    return this.#kept.add(revocations);
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
