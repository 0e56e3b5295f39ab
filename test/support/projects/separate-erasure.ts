import { join } from "node:path";
import { expect, it } from "vitest";
import { DEAD_STREAM, EVENTS_STREAM, eventsSubject } from "../../../contract/stream.ts";
import { poll } from "../poll.ts";
import { type Bench, started } from "./bench.ts";
import { type ColdFileContent, publishRaw, readColdFiles, readStream } from "./look-inside.ts";
import { markOf, PROJECTS, SHARED_USER } from "./planted-events.ts";
import type { ProjectUnderTest } from "./project-under-test.ts";
import { expectOwnFiles } from "./separate-archive.ts";
import { LETTERS_OF_USER } from "./separate-dead-letters.ts";

/** An erasure is of one project, and so is what brings events back. */
export function describeErasure(bench: Bench): void {
  it("an erasure in one project leaves the same user of the others alone, for good", async () => {
    const files = await coldFilesOf(bench, ["shop-2", "a", "a-b"]);
    const shop = bench.of("shop");
    const [from, to] = [bench.planting.oldFromMs, bench.planting.newFromMs].map((ms) =>
      new Date(ms).toISOString(),
    );
    const question = `/v1/stats/top-events?from=${from}&to=${to}`;
    for (const project of bench.projects) await project.get("r", question);
    const erased = shop.events.filter(({ user_id }) => user_id === SHARED_USER).length;
    const response = await shop.request("a", `/v1/users/${SHARED_USER}?project_id=shop-2`, {
      method: "DELETE",
    });
    expect(response.status).toBe(200);
    const { removed } = (await response.json()) as { removed: Record<string, number> };
    expect((removed.hot ?? 0) + (removed.cold ?? 0)).toBe(erased);
    expect(removed.dead_letters).toBe(LETTERS_OF_USER);
    shop.events = shop.events.filter(({ user_id }) => user_id !== SHARED_USER);

    type Cached = { readonly meta: { readonly cache: string } };
    for (const project of bench.projects) {
      const { meta } = await project.get<Cached>("r", question);
      expect(meta.cache, project.id).toBe(project === shop ? "miss" : "hit");
    }
    await bench.expectOwn(...PROJECTS);
    expect(await coldFilesOf(bench, ["shop-2", "a", "a-b"])).toEqual(files);
    const lettersBefore = await lettersOfUser(bench);
    expect(new Set(lettersBefore)).toEqual(new Set(["a-b", "shop-2"]));

    for (const { id, sluice } of [shop, bench.of("shop-2")]) {
      const json = await sluice("a", "replay", "--since", "all", "--project", id, "--json");
      const messages = await readStream(bench.stack, EVENTS_STREAM);
      expect(JSON.parse(json).messages).toBe(
        messages.filter(({ subject }) => subject === eventsSubject(id)).length,
      );
    }
    // A replay of shop-2 has its letters written anew.
    expect(new Set(await lettersOfUser(bench))).toEqual(new Set(lettersBefore));
    await expectLateArrival(bench);
    if (bench.hasColdTier) await expectOwnFiles(bench);
    await bench.expectOwn("shop", "shop-2");
  }, 300_000);

  it("an import goes into the key's project, whatever the file was", async () => {
    const path = join(bench.stack.dataDir, "shop.ndjson");
    await bench.of("shop").sluice("r", "export", "-o", path);
    const isOwn = ({ user_id }: { user_id: string }) => user_id === `user ${markOf("shop")}`;
    const { event_id } = started(bench.of("shop").events.find(isOwn));
    await bench.of("a").sluice("w", "import", path);
    await poll("the copy", async () => {
      const response = await bench.of("a").request("r", `/v1/events/${event_id}`);
      return ((await response.json()) as { status: unknown }).status === "stored";
    });
    await bench.expectOwn("a-b");
  }, 300_000);
}

/** Events of the user, an old and a new one, that the edge received before the erasure, and the worker receives after it. */
async function expectLateArrival(bench: Bench): Promise<void> {
  const [shop, other] = [bench.of("shop"), bench.of("shop-2")];
  const received_at = new Date(bench.planting.newFromMs).toISOString();
  const ofUser = other.events
    .filter(({ user_id }) => user_id === SHARED_USER)
    .sort((a, b) => (a.occurred_at < b.occurred_at ? -1 : 1));
  for (const model of [started(ofUser[0]), started(ofUser.at(-1))]) {
    const event_id = crypto.randomUUID();
    for (const { id } of [shop, other]) {
      const event = { ...model, event_id, properties: { owner: markOf(id) } };
      const envelope = { v: 1, received_at, request_id: "r", events: [event] };
      await publishRaw(bench.stack, eventsSubject(id), envelope);
      if (id === other.id) other.events.push(event);
    }
    const receiptOf = (project: ProjectUnderTest) => project.request("r", `/v1/events/${event_id}`);
    await poll("the other project's event", async () => (await receiptOf(other)).status === 200);
    expect((await receiptOf(shop)).status).toBe(404);
  }
}

/** The projects of the dead letters that hold the user's events. */
async function lettersOfUser(bench: Bench): Promise<(string | undefined)[]> {
  const letters = await readStream(bench.stack, DEAD_STREAM);
  return letters
    .filter(({ text }) => text.includes(`"user_id":"${SHARED_USER}"`))
    .map(({ subject }) => subject.split(".")[1]);
}

async function coldFilesOf(bench: Bench, ids: readonly string[]): Promise<ColdFileContent[]> {
  const files = bench.hasColdTier ? await readColdFiles(bench.coldFolder) : [];
  return files.filter(({ path }) => ids.some((id) => path.startsWith(`project=${id}/`)));
}
