import { runSluice } from "../integration/cli/run-sluice.ts";
import { readGitEvents } from "../support/git-events.ts";
import type { StackService } from "../support/stack.ts";
import type { StackClient } from "../support/stack-client.ts";
import { makeTempDir } from "../support/temp-dir.ts";

/** Imports the file as a user would; answers how long it took until every number counted it. */
export async function importGitEvents(
  stack: StackService,
  client: StackClient,
): Promise<{ readonly seconds: number }> {
  const { ndjsonGzPath } = readGitEvents();
  const tempDir = await makeTempDir("import");
  try {
    const beganMs = performance.now();
    const { done } = runSluice(["import", ndjsonGzPath, "--json"], {
      cwd: tempDir.path,
      env: { DATA_DIR: stack.dataDir },
    });
    const { code, stderr } = await done;
    if (code !== 0) throw new Error(`Cannot import: ${stderr}`);
    await client.waitUntilCounted(180_000);
    return { seconds: (performance.now() - beganMs) / 1_000 };
  } finally {
    await tempDir.remove();
  }
}
