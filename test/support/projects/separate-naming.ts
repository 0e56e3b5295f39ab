import { expect, it } from "vitest";
import type { Event } from "../../../contract/event.ts";
import type { Bench } from "./bench.ts";
import { expectNoOther } from "./own-answers.ts";
import { markOf, PLANTED, SHARED_USER } from "./planted-events.ts";

const EVER = "from=2001-01-01&to=2099-01-01";
/** As somebody might try who holds a key of another project. */
const NAMING = "project_id=shop-2&project=shop-2&projectId=shop-2";
const HEADERS = {
  "x-project": "shop-2",
  "x-project-id": "shop-2",
  "content-type": "application/json",
};

/** The project comes from the key: what else names one is refused or not read. */
export function describeNaming(bench: Bench): void {
  it.each([
    `/v1/stats/top-events?${EVER}&${NAMING}`,
    `/v1/events?${NAMING}`,
    `/v1/users/${SHARED_USER}/events?${NAMING}`,
    `/v1/export?${EVER}&${NAMING}`,
  ])("GET %s is refused", async (path) => {
    const shop = bench.of("shop");
    const response = await shop.request("r", path, { headers: HEADERS });
    expect(response.status).toBe(422);
    expectNoOther(await response.text(), shop);
  });

  it("a query that names another project is refused", async () => {
    const query = { kind: "top_events", from: "2001-01-01", to: "2099-01-01" };
    for (const member of ["project_id", "project", "projectId"]) {
      const response = await bench.of("shop").request("r", "/v1/query", {
        method: "POST",
        headers: HEADERS,
        body: JSON.stringify({ ...query, [member]: "shop-2" }),
      });
      expect(response.status).toBe(422);
    }
  });

  it("an event that names another project is refused; beside it that is not read", async () => {
    const shop = bench.of("shop");
    const event: Event = {
      event_id: crypto.randomUUID(),
      event_type: `${PLANTED}-visit`,
      user_id: SHARED_USER,
      occurred_at: new Date(bench.planting.newFromMs).toISOString(),
      properties: { owner: markOf("shop"), project_id: "shop-2" },
    };
    for (const body of [
      { ...event, project_id: "shop-2" },
      { ...event, project: "shop-2" },
      { events: [event], project_id: "shop-2" },
    ]) {
      const response = await shop.client.send(JSON.stringify(body), HEADERS);
      expect([400, 422]).toContain(response.status);
    }
    const answer = await shop.post([event], `?wait=stored&${NAMING}`, HEADERS);
    expect(answer).toMatchObject({ accepted: 1, stored: true });
    shop.events.push(event);
    for (const id of ["shop-2", "a"] as const) {
      expect((await bench.of(id).request("r", `/v1/events/${event.event_id}`)).status).toBe(404);
    }
  });

  it("of two keys the one in the header counts", async () => {
    const shop = bench.of("shop");
    const { readKey } = bench.of("shop-2").client;
    const text = await (await shop.request("r", `/v1/events?limit=1000&key=${readKey}`)).text();
    expect(text).toContain(markOf("shop"));
    expectNoOther(text, shop);
  });
}
