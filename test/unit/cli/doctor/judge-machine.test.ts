import { expect, test } from "vitest";
import { judgeMachine } from "../../../../cli/doctor/judge-machine.ts";
import type { MachineFacts } from "../../../../cli/parts/look-at-machine.ts";
import { complaints, LOCAL, SILENT, streamsFacts, told } from "./facts.ts";

const GB = 1_000_000_000;

function judge(given: Partial<MachineFacts>) {
  const facts = { nodeVersion: "22.23.3", disk: undefined, processes: [], ...given };
  return judgeMachine(facts, LOCAL, streamsFacts());
}

function disk(freeBytes: number, totalBytes = 100 * GB) {
  return { disk: told({ freeBytes, totalBytes }) };
}

test.each<[Partial<MachineFacts>, unknown[]]>([
  [disk(50 * GB), []],
  [
    disk(1.5 * GB),
    ["warning disk: 1.5 GB free of 100 GB → free some: everything of the stack is in .data"],
  ],
  [disk(GB, 2 * GB), []],
  [disk(GB / 10), [expect.stringContaining("failure disk: 100 MB free of 100 GB")]],
  [{ disk: SILENT }, [expect.stringContaining("failure disk: .data: no answer within 2.5 s")]],
])("judgeMachine() judges %j", (given, expected) => {
  expect(complaints(judge(given))).toEqual(expected);
});

test("judgeMachine() wants room for what the streams may grow to", () => {
  const facts = { nodeVersion: "22", ...disk(3 * GB), processes: [] };
  const events = streamsFacts().events;
  if (!("value" in events) || events.value === undefined) throw new Error("no stream");
  const config = { ...events.value.config, max_bytes: 8 * GB };
  const streams = streamsFacts({ events: told({ ...events.value, config }) });
  expect(complaints(judgeMachine(facts, LOCAL, streams))).toEqual([
    "warning disk: 3 GB free of 100 GB; the streams may take 8 GB more → free some, or set STREAM_MAX_BYTES lower: a full disk stops NATS altogether",
  ]);
});

test("judgeMachine() names the part of each process that does not run", () => {
  const processes = [
    { name: "redis", pid: 1, state: "running" },
    { name: "neon-http", pid: 2, state: "stopped" },
    { name: "worker", pid: 3, state: "gone" },
  ] as const;
  expect(judge({ processes }).slice(1)).toEqual([
    {
      part: "database-http",
      what: "process",
      level: "failure",
      detail: "neon-http (2) is stopped",
      fix: "kill -CONT 2",
    },
    {
      part: "worker",
      what: "process",
      level: "failure",
      detail: "worker (3) is gone",
      fix: "npm start starts worker again by itself; if it stays away, see .data/logs/worker.log",
    },
  ]);
});
