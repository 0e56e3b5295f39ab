import { describe, expect, test } from "vitest";
import { judgeWorker } from "../../../../cli/doctor/judge-worker.ts";
import { complaints, NAMED, NOW_MS, reply, SILENT, told, workerFacts } from "./facts.ts";

function judge(given: Parameters<typeof workerFacts>[0]) {
  return complaints(judgeWorker(workerFacts(given), NAMED, NOW_MS));
}

describe("judgeWorker()", () => {
  test("has nothing against one that is well", () => {
    expect(judge({})).toEqual([]);
  });

  test("says what to set where it was given nothing", () => {
    expect(complaints(judgeWorker(undefined, NAMED, NOW_MS))).toEqual([
      "skipped answers: set WORKER_URL and WORKER_TOKEN",
    ]);
    expect(judge({ metrics: undefined })).toEqual([
      "skipped metrics: set WORKER_TOKEN to the worker's own",
    ]);
  });

  test.each([
    [
      SILENT,
      "failure answers: http://worker.test: no answer within 2.5 s → is WORKER_URL right, and WORKER_HOST open to this machine? Then see the worker's log",
    ],
    [
      told(reply(404)),
      "failure answers: http://worker.test: it answered 404 → WORKER_URL must lead to the worker itself",
    ],
  ])("names one that answers %j", (health, complaint) => {
    expect(judge({ health })).toEqual([complaint]);
  });

  test("names what it does not reach, with its words if it says any", () => {
    const parts = {
      nats: { ok: true },
      database: { ok: false, error: "connect ECONNREFUSED" },
      consumer: { ok: false },
    };
    expect(judge({ readiness: told(reply(503, { parts })) })).toEqual([
      "failure reaches database: connect ECONNREFUSED → mend the store; DATABASE_URL, or what its engine needs, of the worker must lead to it",
      "failure reaches consumer: does not answer → the worker makes its consumer again by itself; its log says what is in the way",
    ]);
  });

  test.each([
    [told(reply(401)), "failure token: the worker refuses WORKER_TOKEN"],
    [told(reply(404)), "failure metrics: it answered 404"],
    [SILENT, "failure metrics: no answer within 2.5 s"],
    [
      told(reply(200, {}, "nodejs_eventloop_lag_p99_seconds 3.5\n")),
      "warning event loop: waits up to 3.5 s",
    ],
    [
      told(reply(200, {}, 'sluice_archive_runs_total{outcome="failed"} 2\n')),
      "failure archiver: failed 2 times and never succeeded",
    ],
  ])("judges metrics %j", (metrics, complaint) => {
    expect(judge({ metrics })).toEqual([expect.stringContaining(complaint)]);
  });

  test("tells when the archiver last ran", () => {
    const seconds = NOW_MS / 1_000 - 7_200;
    const text = `sluice_archive_runs_total{outcome="failed"} 1\nsluice_archive_last_success_timestamp_seconds ${seconds}\n`;
    const facts = workerFacts({ metrics: told(reply(200, {}, text)) });
    expect(judgeWorker(facts, NAMED, NOW_MS)).toContainEqual(
      expect.objectContaining({ what: "archiver", level: "ok", detail: "last ran 2 h ago" }),
    );
  });
});
