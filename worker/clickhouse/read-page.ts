import type { EventPageQuery } from "../../contract/event-page.ts";
import type { StoredEventRow } from "../../contract/stored-event-row.ts";
import { clickHouseDialect } from "../../sql/clickhouse/dialect.ts";
import { compilePageFloor, type PageFloorRow } from "../../sql/clickhouse/page-floor.ts";
import { compileEventPage } from "../../sql/events/page.ts";
import type { ClickHouse } from "./database.ts";

/** The rows of a page, and one more if there are more. First it is found out how far down one must read for them. */
export async function readPageRows(
  clickHouse: ClickHouse,
  projectId: string,
  query: EventPageQuery,
  signal: AbortSignal,
): Promise<StoredEventRow[]> {
  const wanted = query.limit + 1;
  // As many again, for repeats.
  const asked = 2 * wanted;
  const [found] = await clickHouse.read<PageFloorRow>(
    compilePageFloor(query, projectId, asked),
    signal,
  );
  if (found === undefined || found.rows === 0) return [];
  const rows = await read({ ...query, from: found.floor });
  // A row may be a repeat, or one that passes the conditions where the first of its event does not.
  return rows.length >= wanted || found.rows < asked ? rows : read(query);

  function read(above: EventPageQuery): Promise<StoredEventRow[]> {
    return clickHouse.read(compileEventPage(above, projectId, clickHouseDialect), signal);
  }
}
