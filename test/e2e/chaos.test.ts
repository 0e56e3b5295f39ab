import { describe, expect, it } from "vitest";
import { BROKEN_BUILDS, makeBrokenBuild } from "../chaos/broken-builds.ts";
import { CLEAN, ROOT, runChaos } from "../support/chaos-command.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { isThorough } from "../support/thoroughness.ts";

/** One says that the harness finds a loss. */
const TRIED_BUILDS = isThorough ? BROKEN_BUILDS : BROKEN_BUILDS.slice(0, 1);

/** At once, as a run waits far more than it works. */
describe.concurrent("npm run chaos", () => {
  it("finds nothing lost, duplicated or unexpected in a short run", async () => {
    const { code, output } = await runChaos(ROOT, ["--short"]);
    expect(output).toContain(CLEAN);
    expect(code).toBe(0);
  });

  it.each(TRIED_BUILDS)("notices when $name", async (build) => {
    const folder = await makeTempDir("broken");
    try {
      await makeBrokenBuild(build, folder.path);
      const { code, output } = await runChaos(folder.path, aimedAt(build.sequence));
      expect(output).toMatch(/lost [1-9]\d*, duplicated 0, unexpected 0/);
      expect(code).toBe(1);
    } finally {
      await folder.remove();
    }
  });

  it.runIf(isThorough)("notices nothing under the same faults when nothing is broken", async () => {
    const sequence = BROKEN_BUILDS.map((build) => build.sequence).join(",");
    const { code, output } = await runChaos(ROOT, aimedAt(sequence));
    expect(output).toContain(CLEAN);
    expect(code).toBe(0);
  });

  it.each([
    [
      "harm:nats",
      'Cannot read fault "harm:nats": the kinds are kill, terminate, freeze, delay, cut, swallow',
    ],
    ["kill:edge-nats", 'Cannot kill "edge-nats": there are redis, nats, database'],
  ])("says what is wrong with the sequence %s", async (sequence, message) => {
    const { code, output } = await runChaos(ROOT, ["--sequence", sequence]);
    expect(output).toContain(message);
    expect(code).toBe(2);
  });
});

/** With this seed the first kill comes 0.8 s into the cut, when many events are under way; three times, as one may still hit nothing. */
function aimedAt(sequence: string): string[] {
  return ["--sequence", sequence, "--seed", "7", "--faults", "3", "--events", "500"];
}
