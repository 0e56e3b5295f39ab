import type { ReceivedEvent } from "../engine.ts";
import { receivedBefore } from "../received-before.ts";
import type { DuckDb } from "./database.ts";

/** Which of the events belong to users that were erased after they were received. */
export async function findErased<Event extends ReceivedEvent>(
  database: Pick<DuckDb, "query">,
  events: readonly Event[],
): Promise<ReadonlySet<Event>> {
  const users = events.map(({ projectId, userId }, place) => ({
    place,
    project_id: projectId,
    user_id: userId,
  }));
  const rows = await database.query<{ place: number; erased_ms: number }>({
    text: `
      with users as (select unnest(from_json($1::varchar, '${USERS}'), recursive := true))
      select place, epoch_us(erased_at) / 1000 as erased_ms
      from users join erasures using (project_id, user_id)`,
    params: [JSON.stringify(users)],
  });
  return receivedBefore(events, rows);
}

const USERS = JSON.stringify([{ place: "INTEGER", project_id: "VARCHAR", user_id: "VARCHAR" }]);
