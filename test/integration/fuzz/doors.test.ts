import { describe, expect, it } from "vitest";
import { cliDoor } from "../../fuzz/cli/cli-door.ts";
import { coldDoor } from "../../fuzz/cold/cold-door.ts";
import type { Door } from "../../fuzz/door.ts";
import { formatReport } from "../../fuzz/report.ts";
import { streamDoor } from "../../fuzz/stream/stream-door.ts";
import { workerDoor } from "../../fuzz/worker/worker-door.ts";
import { isThorough, runs } from "../../support/thoroughness.ts";

const DOORS: readonly (readonly [name: string, door: Door, requests: number])[] = [
  ["requests at the worker", workerDoor, runs(300, 20_000)],
  ["messages in the stream", streamDoor, runs(200, 10_000)],
  ["files at the command line", cliDoor, runs(8, 400)],
  ["files in the cold tier", coldDoor, runs(6, 400)],
];

describe("hostile input does no harm", () => {
  it.each(DOORS)(
    "%s",
    async (_, door, requests) => {
      const report = await door({
        seeds: [1, Math.floor(Math.random() * 2 ** 31)],
        requests,
        concurrency: 16,
        withSlowClients: isThorough,
        stop: new AbortController().signal,
        say: () => {},
      });
      // The seeds with the answers, and what a failed test shows.
      process.stdout.write(formatReport(report));
      expect(report.tally.faults).toEqual([]);
    },
    600_000,
  );
});
