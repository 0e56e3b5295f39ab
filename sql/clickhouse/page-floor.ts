import type { EventPageQuery } from "../../contract/event-page.ts";
import type { Dialect } from "../dialect.ts";
import { compileEventPage } from "../events/page.ts";
import type { Statement } from "../statement.ts";
import { clickHouseDialect } from "./dialect.ts";

/** `rows` at or after `floor` pass the page's conditions, repeats among them; there are no more where they are fewer than asked for. */
export type PageFloorRow = { readonly floor: string; readonly rows: number };

/**
 * Where a page may begin. ClickHouse reads a table backwards until there are enough rows, but not with `final`, which reads the project
 * from its first event on: 35 ms for a page of 100 in 1,000,000, and ten times that in ten times as many. Above this floor it takes 10.
 */
export function compilePageFloor(
  query: EventPageQuery,
  projectId: string,
  rows: number,
): Statement {
  const page = compileEventPage({ ...query, limit: rows - 1 }, projectId, PLAIN);
  const text = `select min(occurred_at) as floor, count() as rows from (${page.text}) as newest`;
  return { ...page, text };
}

/** Whatever repeats there are. */
const PLAIN: Dialect = {
  ...clickHouseDialect,
  relation: (source) => source,
  eventColumns: "occurred_at",
};
