import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readBlocks } from "../support/docs-blocks.ts";
import { startStack } from "../support/stack.ts";

const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));

/** The stack is started by the test; Docker is not to be had everywhere. */
const script = readBlocks("docs/quickstart.md")
  .filter(({ language, text }) => language === "sh" && !/^(npm start|docker) ?/.test(text))
  .map(({ text }) => text)
  .join("\n");

it("docs/quickstart.md works as written, in a shell that stops at the first failure", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-quickstart-"));
  const stack = await startStack();
  try {
    // The checkout as a reader has it, with the data of this stack where theirs is.
    for (const name of await readdir(CHECKOUT)) {
      if (name !== ".data") await symlink(join(CHECKOUT, name), join(folder, name));
    }
    await symlink(stack.dataDir, join(folder, ".data"));
    const { code, output } = await runShell(script, folder);
    expect(code, output).toBe(0);
    expect(output).toContain('"accepted":2');
    expect(output).toContain('"stored":true');
    expect(output).toContain('"event_type":"signed_up","events":1,"users":1');
    expect(output).toContain('"conversion":1');
    expect(output).toContain('"status":"stored"');
    expect(output).toContain('sluice_edge_events_total{outcome="accepted"}');
    expect(output).toMatch(/slu_w_shop_[a-z0-9]+_[0-9a-f]{40}/);
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

async function runShell(text: string, cwd: string) {
  const child = spawn("bash", ["-eu", "-o", "pipefail", "-c", `exec 2>&1\n${text}`], {
    cwd,
    env: { ...process.env, DATA_DIR: ".data" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([readText(child.stdout), once(child, "exit")]);
  return { code, output };
}
