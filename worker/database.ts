import postgres from "postgres";

export type Sql = postgres.Sql;
export type ReservedSql = postgres.ReservedSql;

/** A pool, a reserved connection or a transaction, as far as a statement needs it. */
export type Executor = Pick<Sql, "unsafe"> &
  (<T extends readonly object[]>(
    strings: TemplateStringsArray,
    ...values: readonly string[]
  ) => ReturnType<Sql["unsafe"]> & PromiseLike<T>);

/** A pool of connections, opened when first used. Whoever calls this ends it. */
export function connectDatabase(url: string, connections: number): Sql {
  return postgres(url, {
    max: connections,
    connect_timeout: 10,
    idle_timeout: 0,
    // Array types are not used: rows travel as COPY text or as array literals in text.
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: "sluice-worker",
      TimeZone: "UTC",
      client_min_messages: "warning",
    },
  });
}
