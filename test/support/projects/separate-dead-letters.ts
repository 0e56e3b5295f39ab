import { describe, expect, it } from "vitest";
import { DEAD_STREAM, eventsSubject } from "../../../contract/stream.ts";
import { poll } from "../poll.ts";
import type { Bench } from "./bench.ts";
import { publishRaw, readStream } from "./look-inside.ts";
import { expectNoOther } from "./own-answers.ts";
import { markOf, PLANTED, SHARED_USER } from "./planted-events.ts";
import type { ProjectUnderTest } from "./project-under-test.ts";

/** Of each project: a value that no store takes, an event that is no row, and a message that cannot be read. */
const LETTERS = 3;
/** Those that hold an event of {@link SHARED_USER}. */
export const LETTERS_OF_USER = 2;

export function describeDeadLetters(bench: Bench): void {
  describe("dead letters", () => {
    const deadId = crypto.randomUUID();
    type Letter = { readonly event_id: string | null; readonly reason: string };
    type Letters = { readonly data: readonly Letter[]; readonly next_cursor: string | null };

    it("are shown to the project's administrator alone", async () => {
      for (const { id } of bench.projects) {
        const event = {
          event_id: deadId,
          event_type: `${PLANTED}-visit`,
          user_id: SHARED_USER,
          occurred_at: "2026-02-31T00:00:00Z",
          properties: { owner: markOf(id) },
        };
        const received_at = new Date().toISOString();
        const envelope = { v: 1, received_at, request_id: "r" };
        const isNoRow = { ...event, event_id: crypto.randomUUID(), event_type: 7 };
        await publishRaw(bench.stack, eventsSubject(id), { ...envelope, events: [event, isNoRow] });
        await publishRaw(bench.stack, eventsSubject(id), { ...envelope, v: markOf(id) });
      }
      for (const project of bench.projects) {
        await poll("all letters", async () => (await lettersOf(project)).data.length === LETTERS);
        const text = JSON.stringify(await lettersOf(project));
        expectNoOther(text, project);
        expect(text).toContain(markOf(project.id));
        const path = `/v1/dead-letters/${deadId}`;
        expect(await project.get("a", path)).toMatchObject({
          event_id: deadId,
          event: { properties: { owner: markOf(project.id) } },
        });
        for (const scope of ["r", "w"] as const) {
          expect((await project.request(scope, path)).status).toBe(403);
          expect((await project.request(scope, "/v1/dead-letters")).status).toBe(403);
        }
        const receipt = { event_id: deadId, status: "dead", failed_at: expect.any(String) };
        expect(await project.get("r", `/v1/events/${deadId}`)).toEqual(receipt);
        const whole = { ...receipt, reason: expect.any(String) };
        expect(await project.get("a", `/v1/events/${deadId}`)).toEqual(whole);
      }
    });

    it("of another project are not reached by its cursor", async () => {
      const { next_cursor } = await lettersOf(bench.of("shop"), "?limit=1");
      const own = await lettersOf(bench.of("shop"), `?limit=1&cursor=${next_cursor}`);
      expect(own.data).toHaveLength(1);
      for (const id of ["shop-2", "a"] as const) {
        const response = await bench.of(id).request("a", `/v1/dead-letters?cursor=${next_cursor}`);
        expect(response.status).toBe(422);
      }
    });

    it("are listed, dropped and replayed of one project alone", async () => {
      for (const id of ["shop", "a"] as const) {
        const json = await bench.of(id).sluice("a", "dead", "list", "--project", id, "--json");
        const lines = json.trimEnd().split("\n");
        expect(lines).toHaveLength(LETTERS);
        for (const line of lines) {
          const letter = JSON.parse(line);
          expect(letter.project).toBe(id);
          const payload = Buffer.from(letter.payload_base64 ?? "", "base64").toString();
          expect(line + payload).toContain(markOf(id));
          expectNoOther(line + payload, { id });
        }
      }
      const others = await inStream(["shop-2", "a-b"]);
      await bench.of("a").sluice("a", "dead", "drop", "--project", "a", "--yes");
      expect(await inStream(["a"])).toEqual([]);
      await bench.of("shop").sluice("a", "dead", "replay", "--project", "shop");
      await poll("letters anew", async () => (await inStream(["shop"])).length === LETTERS);
      expect(await inStream(["shop-2", "a-b"])).toEqual(others);
    });

    const lettersOf = (project: ProjectUnderTest, search = ""): Promise<Letters> =>
      project.get<Letters>("a", `/v1/dead-letters${search}`);

    /** The projects' letters as they are, without asking anybody who tells projects apart. */
    async function inStream(ids: readonly string[]) {
      const letters = await readStream(bench.stack, DEAD_STREAM);
      return letters.filter(({ subject }) => ids.includes(subject.split(".")[1] ?? ""));
    }
  });
}
