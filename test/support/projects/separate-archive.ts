import { expect, it } from "vitest";
import type { ArchiveReport } from "../../../contract/archive-report.ts";
import type { Bench } from "./bench.ts";
import { readColdFiles } from "./look-inside.ts";
import { expectNoOther } from "./own-answers.ts";
import { isPlanted, markOf, PROJECTS } from "./planted-events.ts";

export function describeArchive(bench: Bench): void {
  it("the archive keeps each project's events in files of its own", async () => {
    const report: ArchiveReport = JSON.parse(
      await bench.of("shop").sluice("a", "archive", "--json"),
    );
    const isOld = ({ occurred_at }: { occurred_at: string }) =>
      Date.parse(occurred_at) < bench.planting.newFromMs;
    for (const { id, events } of bench.projects) {
      const moved = report.archived.filter(({ project_id }) => project_id === id);
      const count = moved.reduce((sum, month) => sum + month.events, 0);
      expect(count, id).toBe(events.filter(isOld).length);
    }
    expect(report.archived.filter(({ project_id }) => !isPlanted(project_id))).toEqual([]);
    await expectOwnFiles(bench);
    await bench.expectAllOwn();
  }, 300_000);
}

/** Every row of a file is of the project and the month that its path names. */
export async function expectOwnFiles(bench: Bench): Promise<void> {
  const files = await readColdFiles(bench.coldFolder);
  for (const { path, rows } of files) {
    const [, projectId, month] =
      /^project=([a-z0-9-]+)\/month=(\d{4}-\d\d)\/[0-9a-f-]+\.parquet$/.exec(path) ?? [];
    const project = bench.of(PROJECTS.find((id) => id === projectId) ?? "shop");
    expect(project.id, path).toBe(projectId);
    for (const row of rows) {
      const { project_id, occurred_at } = JSON.parse(row);
      expect([project_id, occurred_at.slice(0, 7)]).toEqual([projectId, month]);
      expect(row).toContain(markOf(project.id));
      expectNoOther(row, project);
    }
  }
  const named = new Set(files.map(({ path }) => path.split("/")[0]));
  expect(named).toEqual(new Set(PROJECTS.map((id) => `project=${id}`)));
}
