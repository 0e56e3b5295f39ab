import { expect, it } from "vitest";
import { CLEAN, ROOT, runChaos } from "../support/chaos-command.ts";

it("npm run chaos loses nothing that an edge on Node took while NATS was away, when that is killed", async () => {
  // Killed once its attempts to publish are over, with all that it has answered since in the outbox.
  const sequence = "cut:edge-nats:8000,+kill:edge@6000";
  const short = ["--faults", "1", "--events", "500"];
  const { code, output } = await runChaos(ROOT, [
    "--edge",
    "node",
    ...short,
    "--sequence",
    sequence,
  ]);
  expect(output).toContain(CLEAN);
  expect(code).toBe(0);
});
