import { toDateTime } from "../../sql/clickhouse/dialect.ts";
import type { ReceivedEvent } from "../engine.ts";
import type { ClickHouse } from "./database.ts";
import type { Schema } from "./schema.ts";

/** A delete is a mutation, which visits every part of the table, if only to see that it has no such row. */
const DELETE_TIMEOUT_MS = 300_000;

export type ErasedUser = {
  readonly projectId: string;
  readonly userId: string;
  /** As ClickHouse writes it: RFC 3339 in UTC with microseconds. */
  readonly erasedAt: string;
};

/**
 * Who was erased, as far as rows are concerned that were received before. Nothing locks a table here, so an insert and an erasure may
 * cross. Why no row remains all the same, with several workers:
 *
 * 1. An erasure writes its tombstone, then deletes. A delete reaches every row committed before it began.
 * 2. A write reads the tombstones, drops the rows of erased users, inserts the others, then reads the tombstones again, and removes
 *    its own rows of users who are there now.
 * 3. So a row that the erasure's delete missed was committed after the tombstone was written, and its writer's second look finds it.
 * 4. A writer that dies between its insert and its second look has acknowledged nothing: the batch is delivered again, its rows are
 *    dropped at the first look, and whatever is dropped is looked for in the table.
 *
 * Such a row can be read for the moment between its insert and the second look.
 */
export type ErasedUsers = {
  /** Events that may not be stored, as of now, with whose they are. */
  findErased<Event extends ReceivedEvent>(
    events: readonly Event[],
  ): Promise<ReadonlyMap<Event, ErasedUser>>;
  /** Deletes what the table has of these users. */
  removeStored(users: Iterable<ErasedUser>): Promise<void>;
};

export function createErasedUsers(clickHouse: ClickHouse, schema: Schema): ErasedUsers {
  let known: Tombstones = { count: 0, users: new Map() };

  return {
    async findErased<Event extends ReceivedEvent>(rows: readonly Event[]) {
      const { users } = await refresh();
      const found = new Map<Event, ErasedUser>();
      if (users.size === 0) return found;
      for (const row of rows) {
        const user = users.get(keyOf(row));
        if (user === undefined) continue;
        if (Date.parse(row.receivedAt) < Date.parse(user.erasedAt)) found.set(row, user);
      }
      return found;
    },
    async removeStored(users) {
      for (const user of new Set(users)) {
        if ((await countEvents(clickHouse, user)) > 0) await deleteEvents(clickHouse, schema, user);
      }
    },
  };

  /** Tombstones are only added, and how many there are is known without reading them. */
  async function refresh(): Promise<Tombstones> {
    const [row] = await clickHouse.ask<{ tombstones: number }>(
      "select count() as tombstones from erasures",
    );
    const count = row?.tombstones ?? 0;
    if (count === known.count) return known;
    const users = await clickHouse.ask<ErasedUser>(`
      select project_id as projectId, user_id as userId, max(erased_at) as erasedAt
      from erasures
      group by project_id, user_id`);
    const found = { count, users: new Map(users.map((user) => [keyOf(user), user])) };
    // Several batches are written at once: one that asked earlier may be answered later.
    if (count > known.count) known = found;
    return found;
  }
}

type Tombstones = { readonly count: number; readonly users: ReadonlyMap<string, ErasedUser> };

/** Removes a user's events received before now, and keeps writers from storing them again. Returns how many there were. */
export async function eraseUser(
  clickHouse: ClickHouse,
  schema: Schema,
  user: ErasedUser,
): Promise<number> {
  const { projectId, userId, erasedAt } = user;
  await clickHouse.command(
    "insert into erasures (project_id, user_id, erased_at) select {project:String}, {user:String}, {at:DateTime64(6, 'UTC')}",
    {
      values: { project: projectId, user: userId, at: toDateTime(erasedAt) },
      // On a cluster every later look must see it, whichever node it asks.
      settings: { async_insert: 0, insert_quorum: "auto", insert_quorum_parallel: 0 },
    },
  );
  const events = await countEvents(clickHouse, user);
  if (events > 0) await deleteEvents(clickHouse, schema, user);
  return events;
}

const OF_USER =
  "project_id = {project:String} and user_id = {user:String} and received_at < {at:DateTime64(6, 'UTC')}";

async function countEvents(clickHouse: ClickHouse, user: ErasedUser): Promise<number> {
  const text = `select count() as events from events final where ${OF_USER}`;
  const [row] = await clickHouse.ask<{ events: number }>(text, valuesOf(user));
  return row?.events ?? 0;
}

/**
 * No answer has the rows once this returns. They are marked in a column of their own, which takes milliseconds where a rewrite of every
 * part with such a row takes the time of reading and writing whole months; the rewrite follows in the background.
 */
async function deleteEvents(
  clickHouse: ClickHouse,
  { eventsTable, onCluster }: Schema,
  user: ErasedUser,
): Promise<void> {
  await clickHouse.command(`delete from ${eventsTable}${onCluster} where ${OF_USER}`, {
    values: valuesOf(user),
    settings: { lightweight_deletes_sync: 2 },
    timeoutMs: DELETE_TIMEOUT_MS,
  });
  await clickHouse.command(`alter table ${eventsTable}${onCluster} apply deleted mask`, {
    settings: { mutations_sync: 0 },
  });
}

function valuesOf({ projectId, userId, erasedAt }: ErasedUser) {
  return { project: projectId, user: userId, at: toDateTime(erasedAt) };
}

/** A project has no space in its name. */
function keyOf({ projectId, userId }: { readonly projectId: string; readonly userId: string }) {
  return `${projectId} ${userId}`;
}
