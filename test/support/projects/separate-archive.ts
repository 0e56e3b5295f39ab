import { expect, it } from "vitest";
import type { ArchiveReport } from "../../../contract/archive-report.ts";
import type { Event } from "../../../contract/event.ts";
import { type Bench, started } from "./bench.ts";
import { readColdFiles } from "./look-inside.ts";
import { expectNoOther } from "./own-answers.ts";
import { markOf, PROJECTS } from "./planted-events.ts";

export function describeArchive(bench: Bench): void {
  it("the archive keeps each project's events in files of its own, and counts them so", async () => {
    const json = await bench.of("shop").sluice("a", "archive", "--json");
    const { archived }: ArchiveReport = JSON.parse(json);
    // The worker may have moved them by itself a moment ago.
    for (const { project_id, month, events } of archived) {
      const project = started(bench.projects.find(({ id }) => id === project_id));
      const own = project.events.filter(({ occurred_at }) => occurred_at.startsWith(month));
      expect(events, `${project_id} ${month}`).toBe(own.length);
    }
    await expectOwnFiles(bench);
    await bench.expectOwn(...PROJECTS);
  }, 300_000);
}

/** Every row of a file is of the project and the month that its path names. */
export async function expectOwnFiles(bench: Bench): Promise<void> {
  const files = await readColdFiles(bench.coldFolder);
  const idsByProject = new Map<string, string[]>(PROJECTS.map((id) => [id, []]));
  for (const { path, rows } of files) {
    const [, projectId = "", month] =
      /^project=([a-z0-9-]+)\/month=(\d{4}-\d\d)\/[0-9a-f-]+\.parquet$/.exec(path) ?? [];
    const project = started(bench.projects.find(({ id }) => id === projectId));
    for (const row of rows) {
      const { project_id, event_id, occurred_at } = JSON.parse(row);
      expect([project_id, occurred_at.slice(0, 7)]).toEqual([projectId, month]);
      expect(row).toContain(markOf(project.id));
      expectNoOther(row, project);
      idsByProject.get(projectId)?.push(event_id);
    }
  }
  const isOld = ({ occurred_at }: Event) => Date.parse(occurred_at) < bench.planting.newFromMs;
  for (const { id, events } of bench.projects) {
    const own = events.filter(isOld).map(({ event_id }) => event_id);
    expect(idsByProject.get(id)?.sort(), id).toEqual(own.sort());
  }
}
