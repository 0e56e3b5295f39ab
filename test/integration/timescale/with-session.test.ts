import { afterAll, beforeAll, expect, it } from "vitest";
import { connectDatabase } from "../../../worker/timescale/database.ts";
import { withSession } from "../../../worker/timescale/with-session.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";

let server: PostgresService;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

it("withSession() lends a connection that nobody has used before, and several at once", async () => {
  const sql = connectDatabase(server.url, 3);
  const pids = await Promise.all(
    [1, 2, 3].map(() =>
      withSession(sql, async (session) => {
        const [row] = await session<
          { pid: number }[]
        >`select pg_backend_pid() as pid, pg_sleep(0.1)`;
        return row?.pid;
      }),
    ),
  );
  expect(new Set(pids).size).toBe(3);
  await sql.end();
});
