import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { bundleEdge } from "../../../local/edge-bundle.ts";

it("wrangler bundles the Worker to less than 1 MB gzipped", async () => {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const { folder, settings } = await bundleEdge(root, join(root, ".wrangler", "local-bundles"));
  const bundle = await readFile(join(folder, "index.js"));
  expect(gzipSync(bundle).byteLength).toBeLessThan(1_000_000);
  expect(settings).toMatchObject({
    name: "sluice-edge",
    compatibilityFlags: ["nodejs_compat"],
    durableObjects: {
      PUBLISHER: { className: "Publisher", useSQLite: true },
      REVOCATION_KEEPER: { className: "RevocationKeeper", useSQLite: true },
    },
  });
});
