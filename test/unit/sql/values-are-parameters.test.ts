import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventPageQuerySchema } from "../../../contract/event-page.ts";
import {
  STATS_QUERY_SCHEMAS,
  type StatsKind,
  statsQuerySchema,
} from "../../../contract/stats-query.ts";
import { clickHouseDialect } from "../../../sql/clickhouse/dialect.ts";
import type { Dialect } from "../../../sql/dialect.ts";
import { duckDbDialect } from "../../../sql/duckdb/dialect.ts";
import { compileEventPage } from "../../../sql/events/page.ts";
import { compileRows } from "../../../sql/stats/compile-rows.ts";
import { createTimescaleDialect } from "../../../sql/timescale/dialect.ts";
import { randomCase } from "../../support/random-cases.ts";

const DIALECTS: readonly [string, Dialect][] = [
  ["TimescaleDB", createTimescaleDialect()],
  ["TimescaleDB with an index on properties", createTimescaleDialect({ hasPropertiesIndex: true })],
  ["DuckDB", duckDbDialect],
  ["ClickHouse", clickHouseDialect],
];
/** No constant of a statement holds it. */
const MARK = "zqx";
const KINDS = Object.keys(STATS_QUERY_SCHEMAS) as StatsKind[];
/** Up to the largest that a query takes. */
const text = fc
  .tuple(
    fc.string({ unit: "binary", maxLength: 400 }),
    fc.constantFrom("'", '"', "$1", "--", "{p1:String}", "\\", "0"),
  )
  .map(([some, odd]) => `${MARK}${odd}${some}`.replaceAll("\0", "").toWellFormed());

describe.each(DIALECTS)("%s", (_, dialect) => {
  it("no project, type, user, key or value is ever part of a statement's text", () => {
    fc.assert(
      fc.property(text, text, text, (type, key, value) => {
        const range = { from: "2024-03-01", to: "2024-04-01" };
        const filters = [
          { field: `properties.${key}`, op: "eq", value },
          { field: `properties.${key}`, op: "neq", value },
          { field: `properties.${key}`, op: "in", value: [value, `${value}5`] },
          { field: `properties.${key}`, op: "contains", value },
          { field: `properties.${key}`, op: "gt", value: 5 },
          { field: `properties.${key}`, op: "exists", value: false },
        ];
        const event_type = type.slice(0, 200).toWellFormed();
        const statements = [
          compileRows(
            statsQuerySchema.parse({
              kind: "events",
              interval: "day",
              ...range,
              event_type,
              breakdown: `properties.${key}`,
              filters,
            }),
            `${MARK}-project`,
            dialect,
          ),
          compileRows(
            statsQuerySchema.parse({
              kind: "funnel",
              ...range,
              steps: [{ event_type, filters }, { event_type: `${MARK}-2` }],
            }),
            `${MARK}-project`,
            dialect,
          ),
          compileEventPage(
            eventPageQuerySchema.parse({ ...range, event_type, user_id: event_type, filters }),
            `${MARK}-project`,
            dialect,
          ),
        ];
        for (const { text: statement } of statements) expect(statement).not.toContain(MARK);
      }),
    );
  });

  it.each(KINDS)("%s uses each of its parameters, the project first", (kind) => {
    fc.assert(
      fc.property(randomCase(kind), ({ query }) => {
        const { text: statement, params } = compileRows(query, "demo", dialect);
        const used = new Set(
          [...statement.matchAll(/\$(\d+)|\{p(\d+):/g)].map(([, a, b]) => Number(a ?? b)),
        );
        expect([...used].sort((a, b) => a - b)).toEqual(params.map((_, index) => index + 1));
        expect(params[0]).toBe("demo");
      }),
    );
  });
});
