import type { ReceivedEvent } from "../engine.ts";
import { receivedBefore } from "../received-before.ts";
import type { Sql } from "./database.ts";

/** Which of the events belong to users that were erased after they were received. */
export async function findErased<Event extends ReceivedEvent>(
  sql: Sql,
  events: readonly Event[],
): Promise<ReadonlySet<Event>> {
  const users = events.map(({ projectId, userId }, place) => ({
    place,
    project_id: projectId,
    user_id: userId,
  }));
  const rows = await sql<{ place: number; erased_ms: number }[]>`
    select place, (extract(epoch from erased_at) * 1000)::float8 as erased_ms
    from json_to_recordset(${JSON.stringify(users)}::text::json)
      as users(place int, project_id text, user_id text)
      join erasures using (project_id, user_id)`;
  return receivedBefore(events, rows);
}
