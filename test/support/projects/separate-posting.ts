import { expect, it } from "vitest";
import { poll } from "../poll.ts";
import { whileStopped } from "../stack.ts";
import { type Bench, started } from "./bench.ts";
import { markOf, PLANTED, SHARED_USER } from "./planted-events.ts";

/** What posting remembers of one project does not touch another. */
export function describePosting(bench: Bench): void {
  it("the same id in two projects is no duplicate; in one it is", async () => {
    for (const project of bench.projects) {
      const { events } = project;
      expect(await project.post(events)).toMatchObject({
        accepted: events.length,
        duplicate: 0,
        stored: true,
      });
    }
    for (const project of bench.projects) {
      expect(await project.post(project.events)).toMatchObject({
        accepted: 0,
        duplicate: project.events.length,
        stored: true,
      });
    }
  });

  it("one Idempotency-Key makes other ids in each project, and the same again in one", async () => {
    const headers = { "idempotency-key": "the-same-key" };
    const ids = new Set<string>();
    for (const project of bench.projects) {
      const event = {
        event_type: `${PLANTED}-visit`,
        user_id: SHARED_USER,
        occurred_at: new Date(bench.planting.newFromMs).toISOString(),
        properties: { owner: markOf(project.id) },
      };
      const first = await project.post([event], "?wait=stored&results=all", headers);
      expect(first).toMatchObject({ accepted: 1, stored: true });
      const event_id = first.results[0]?.event_id ?? "";
      expect(await project.post([event], "?wait=stored", headers)).toMatchObject({
        duplicate: 1,
        results: [{ event_id }],
      });
      ids.add(event_id);
      project.events.push({ ...event, event_id });
    }
    expect(ids.size).toBe(bench.projects.length);
  });

  it("what one project has stored neither ends another's wait nor shows in its receipt", async () => {
    const [shop, other] = [bench.of("shop"), bench.of("shop-2")];
    const event = { ...started(shop.events[0]), event_id: crypto.randomUUID() };
    expect(await shop.post([event])).toMatchObject({ accepted: 1, stored: true });
    const own = { ...event, properties: { owner: markOf("shop-2") } };
    await whileStopped(bench.stack, "worker", async () => {
      expect(await other.post([own])).toMatchObject({ accepted: 1, stored: false });
      const authorization = `Bearer ${bench.of("a").client.readKey}`;
      const url = `${bench.stack.edge_url}/v1/events/${event.event_id}`;
      const text = await (await fetch(url, { headers: { authorization } })).text();
      expect(text).not.toMatch(/"status":"(accepted|stored|dead)"/);
    });
    shop.events.push(event);
    other.events.push(own);
    await poll("the row", async () => {
      const response = await other.request("r", `/v1/events/${event.event_id}`);
      return ((await response.json()) as { status: unknown }).status === "stored";
    });
    expect((await bench.of("a").request("r", `/v1/events/${event.event_id}`)).status).toBe(404);
  });
}
