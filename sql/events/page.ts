import type { EventPageQuery } from "../../contract/event-page.ts";
import type { Dialect } from "../dialect.ts";
import { createBinder, type Statement } from "../statement.ts";
import { andFilters } from "../stats/conditions.ts";

/** Rows: `StoredEventRow`, newest first, one more than the page has if there are more. */
export function compileEventPage(
  query: EventPageQuery,
  projectId: string,
  dialect: Dialect,
): Statement {
  const { from, to, event_type, user_id, filters, cursor, limit } = query;
  const { bind, params } = createBinder(dialect);
  const conditions = [`project_id = ${bind(projectId, "text")}`];
  if (from !== undefined) conditions.push(`occurred_at >= ${bind(from, "instant")}`);
  if (to !== undefined) conditions.push(`occurred_at < ${bind(to, "instant")}`);
  if (event_type !== undefined) conditions.push(`event_type = ${bind(event_type, "text")}`);
  if (user_id !== undefined) conditions.push(`user_id = ${bind(user_id, "text")}`);
  const id = dialect.eventIdText("event_id");
  if (cursor !== undefined) {
    const at = bind(cursor.occurred_at, "instant");
    const cursorId = dialect.eventIdText(bind(cursor.event_id, "uuid"));
    // The first condition alone lets an index begin in the right place.
    conditions.push(`occurred_at <= ${at} and (occurred_at < ${at} or ${id} < ${cursorId})`);
  }
  return {
    text: `
      select ${dialect.eventColumns}
      from (
        select * from ${dialect.relation("events")}
        where ${conditions.join(" and ")}${andFilters(filters, dialect, bind)}
        order by occurred_at desc, ${id} desc
        limit ${bind(limit + 1, "int")}
      ) as page`,
    params,
    sources: ["events"],
  };
}
