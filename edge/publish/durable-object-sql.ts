import type { DurableSql } from "./durable-sql.ts";

/** A Durable Object's storage: the runtime holds back every answer of the object until what it has written is on disk. */
export function createDurableObjectSql(sql: SqlStorage): DurableSql {
  return {
    read: (statement, ...values) => [...sql.exec(statement, ...values)] as never[],
    write: (statement, ...values) => [...sql.exec(statement, ...values)] as never[],
    settle: async () => {},
  };
}
