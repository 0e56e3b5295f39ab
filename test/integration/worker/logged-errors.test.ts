import { expect, test } from "vitest";
import { poll } from "../../support/poll.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createEvents } from "./publisher.ts";
import { useWorkerServices } from "./services.ts";

const services = useWorkerServices(startPostgres);

test("a failed write is logged without the row that PostgreSQL quotes", async () => {
  const worker = await services.startReadyWorker();
  await services.sql`
    create function refuse() returns trigger language plpgsql as $$
    begin
      raise exception 'refused' using errcode = 'XX000', detail = 'Failing row contains (' || new.user_id || ')';
    end $$`;
  await services.sql`create trigger refuse before insert on events for each row execute function refuse()`;
  const [event] = createEvents(1).map((one) => ({ ...one, user_id: "a-person" }));
  if (event !== undefined) await services.publisher.publish("shop", [event]);
  const failures = () => worker.logs.filter(({ msg }) => msg.startsWith("write failed"));
  await poll("a failure", () => failures().length > 0);
  await services.sql`drop trigger refuse on events`;
  await services.publisher.waitUntilDrained();
  expect(failures()[0]).toMatchObject({
    code: "XX000",
    err: { message: "refused", code: "XX000", severity: "ERROR", stack: expect.any(String) },
  });
  expect(JSON.stringify(worker.logs)).not.toContain("a-person");
  expect(await services.countRows("shop")).toBe(1);
});
