import { expect, it } from "vitest";
import { poll } from "../poll.ts";
import { type Bench, started } from "./bench.ts";
import {
  expectNoOther,
  expectOwnData,
  questionsOf,
  readPages,
  type StatsAnswer,
} from "./own-answers.ts";
import { PROJECTS } from "./planted-events.ts";
import type { ProjectUnderTest } from "./project-under-test.ts";

/** What a read key opens: rows, caches, cursors and entity tags. */
export function describeReading(bench: Bench): void {
  it("statistics, pages, timelines, receipts and exports hold the project's own events", async () => {
    await bench.expectOwn(...PROJECTS);
  }, 300_000);

  it("a question that all ask at once is answered to each from its own events", async () => {
    const question = started(questionsOf(bench.planting)[2]);
    const ask = async (project: ProjectUnderTest, headers: Record<string, string> = {}) => {
      const answer = await project.get<StatsAnswer>("r", question.path, headers);
      expectOwnData(project, question, answer);
      return answer.meta.cache;
    };
    const crowd = [...bench.projects, ...bench.projects, ...bench.projects];
    const uses = new Set<string>();
    await poll(
      "an answer of each kind for each",
      async () => {
        await Promise.all(
          crowd.map(async (project) => uses.add(`${project.id} ${await ask(project)}`)),
        );
        return bench.projects.every(({ id }) => uses.has(`${id} hit`) && uses.has(`${id} stale`));
      },
      90_000,
    );
    await Promise.all(
      crowd.map((project) => ask(project, { "cache-control": "no-cache", pragma: "no-cache" })),
    );
  }, 180_000);

  it("another project's ETag and cursor give nothing of it", async () => {
    // Alike in all projects, so that the numbers alone would not tell them apart.
    const empty = "/v1/stats/events?interval=total&from=2001-01-01&to=2001-01-02";
    const etags = new Map<string, string>();
    for (const { id, request } of bench.projects) {
      etags.set(id, (await request("r", empty)).headers.get("etag") ?? "");
    }
    expect(new Set(etags.values()).size).toBe(bench.projects.length);
    const { cursors } = await readPages(bench.of("shop"), "/v1/events");
    for (const project of bench.projects) {
      for (const [id, etag] of etags) {
        const response = await project.request("r", empty, { headers: { "if-none-match": etag } });
        expect(response.status).toBe(id === project.id ? 304 : 200);
      }
      for (const cursor of cursors) {
        const response = await project.request("r", `/v1/events?cursor=${cursor}`);
        const text = await response.text();
        expectNoOther(text, project);
        const page = JSON.parse(text) as { data: { event_id: string }[] };
        const own = new Set(project.events.map(({ event_id }) => event_id));
        expect(page.data.filter(({ event_id }) => !own.has(event_id))).toEqual([]);
      }
    }
  });
}
