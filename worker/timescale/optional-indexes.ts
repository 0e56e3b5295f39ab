import type { Logger } from "../logger.ts";
import type { Sql } from "./database.ts";

/** A property that a project filters or breaks down by often. */
export type HotProperty = { readonly projectId: string; readonly key: string };

export type OptionalIndexes = {
  readonly hotProperties: readonly HotProperty[];
  readonly hasPropertiesIndex: boolean;
  readonly hasUserIndex: boolean;
};

const GIN_INDEX = "events_properties_idx";
const USER_INDEX = "events_by_user_idx";
const PREFIX = "events_hot_";

/**
 * Makes the table's optional indexes what the settings say: one on the expression `properties->>'key'` for each hot property, of its
 * project's rows alone; one on all properties (GIN, jsonb_path_ops); one for users' timelines. Those that are not wanted any more are
 * dropped. docs/engines.md has the price of each at insert and its gain at query.
 *
 * Not `concurrently`, which a hypertable refuses: on a large table the first start with a new setting blocks writers, whose events wait in
 * the stream meanwhile.
 */
export async function keepOptionalIndexes(
  sql: Sql,
  wanted: OptionalIndexes,
  logger: Logger,
): Promise<void> {
  const statements = new Map(
    wanted.hotProperties.map((property) => [nameOf(property), hotIndex(property)]),
  );
  if (wanted.hasPropertiesIndex) {
    const text = `create index if not exists ${GIN_INDEX} on events using gin (properties jsonb_path_ops)`;
    statements.set(GIN_INDEX, text);
  }
  if (wanted.hasUserIndex) {
    const text = `create index if not exists ${USER_INDEX} on events (project_id, user_id, occurred_at desc)`;
    statements.set(USER_INDEX, text);
  }
  const rows = await sql<{ name: string }[]>`
    select indexname as name
    from pg_indexes
    where schemaname = current_schema() and tablename = 'events'
      and (indexname in (${GIN_INDEX}, ${USER_INDEX}) or starts_with(indexname, ${PREFIX}))`;
  const existing = new Set(rows.map(({ name }) => name));
  for (const name of existing) {
    if (statements.has(name)) continue;
    await sql.unsafe(`drop index if exists "${name}"`);
    logger.info({ index: name }, "optional index dropped");
  }
  for (const [name, text] of statements) {
    if (existing.has(name)) continue;
    await sql.unsafe(text);
    logger.info({ index: name }, "optional index created");
  }
}

/** The key is in the name as hexadecimal digits, cut where PostgreSQL would cut it; the project's pattern needs no quoting. */
function nameOf({ projectId, key }: HotProperty): string {
  const hex = Buffer.from(`${projectId}.${key}`).toString("hex");
  return `${PREFIX}${hex.length <= 52 ? hex : `${hex.slice(0, 43)}_${hashOf(hex)}`}`;
}

function hashOf(text: string): string {
  let hash = 0;
  for (const character of text) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0;
  return hash.toString(16).padStart(8, "0");
}

/** A key is an operator's setting, not a client's text; all the same it is a literal, with its quotes doubled. */
function hotIndex(property: HotProperty): string {
  const { projectId, key } = property;
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
  return `
    create index if not exists "${nameOf(property)}" on events ((properties->>${quote(key)}), occurred_at desc)
    where project_id = ${quote(projectId)}`;
}
