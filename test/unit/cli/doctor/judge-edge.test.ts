import { describe, expect, test } from "vitest";
import { judgeEdge } from "../../../../cli/doctor/judge-edge.ts";
import { complaints, edgeFacts, LOCAL, NAMED, readiness, reply, SILENT, told } from "./facts.ts";

const READ_KEY = { name: "SLUICE_KEY", text: "slu_r_shop_k_", scope: "r" } as const;

function answered(status: number, body: object = {}) {
  return edgeFacts({ keys: [{ ...READ_KEY, answer: told(reply(status, body)) }] });
}

describe("judgeEdge()", () => {
  test("has nothing against one that is well", () => {
    const facts = answered(200, { meta: { lag_ms: 300 } });
    expect(judgeEdge(facts, NAMED).map(({ level, what }) => `${level} ${what}`)).toEqual([
      "ok answers",
      "ok reaches",
      "ok outbox",
      "ok freshness",
      "ok metrics",
    ]);
  });

  test("says what to set where it was given nothing", () => {
    expect(complaints(judgeEdge(undefined, NAMED))).toEqual([
      "skipped answers: set SLUICE_URL to the edge's address",
    ]);
    expect(complaints(judgeEdge(edgeFacts({ metrics: undefined }), NAMED))).toEqual([
      "skipped freshness: set SLUICE_KEY to a read key, with which a question can be asked",
      "skipped metrics: set METRICS_TOKEN to the edge's",
    ]);
  });

  test.each([
    [
      "is silent",
      SILENT,
      NAMED,
      "failure answers: https://edge.test: no answer within 2.5 s → is SLUICE_URL right, and the edge up? If so, see its log (on Cloudflare: npx wrangler tail)",
    ],
    [
      "of the local stack is gone",
      { failure: "nothing listens there (ECONNREFUSED)" },
      LOCAL,
      "failure answers: https://edge.test: nothing listens there (ECONNREFUSED) → npm start starts edge again by itself; if it stays away, see .data/logs/edge.log",
    ],
    [
      "has wrong settings",
      told(reply(500, { type: "/problems/internal-error", title: "Something is broken" })),
      NAMED,
      "failure answers: https://edge.test: it answered 500, Something is broken → its log (on Cloudflare: npx wrangler tail) names each wrong setting",
    ],
    [
      "is another server",
      told(reply(404, "<html>")),
      NAMED,
      "failure answers: https://edge.test: 404, not as Sluice does → SLUICE_URL must lead to the edge itself, with its path if it has one",
    ],
  ])("says that it %s, and nothing else", (_, health, deployment, complaint) => {
    expect(complaints(judgeEdge(edgeFacts({ health }), deployment))).toEqual([complaint]);
  });

  test.each([
    ["redis", "failed: duplicates are not told apart, and limits are each isolate's own"],
    ["stream", "failed: events wait in the outbox"],
    ["database", "failed: nothing can be read"],
  ])("names %s that it does not reach", (part, detail) => {
    const facts = edgeFacts({ readiness: readiness({ [part]: "failed" }) });
    const found = judgeEdge(facts, NAMED).find(({ level }) => level === "failure");
    expect(found).toMatchObject({ what: `reaches ${part}`, detail });
    expect(found?.because?.length).toBeGreaterThan(0);
  });

  test("reads the parts of a 503, too", () => {
    const parts = { redis: "ok", stream: "ok", outbox: "full", database: "ok" };
    const outbox = { messages: 2, events: 90, bytes: 9, oldest_age_ms: 61_000 };
    const facts = edgeFacts({ readiness: told(reply(503, { parts, outbox })) });
    expect(judgeEdge(facts, NAMED)).toContainEqual(
      expect.objectContaining({
        level: "failure",
        what: "outbox",
        detail: "full: events are answered 503; 90 events, the oldest for 61 s",
      }),
    );
  });

  test.each([
    ["in use", "warning", "holds 1 event, the oldest for 500 ms"],
    ["failed", "failure", "a publisher does not answer"],
  ])("says that the outbox is %s", (state, level, detail) => {
    const outbox = { messages: 1, events: 1, bytes: 9, oldest_age_ms: 500 };
    const facts = edgeFacts({ readiness: readiness({ outbox: state }, outbox) });
    expect(judgeEdge(facts, NAMED)).toContainEqual(
      expect.objectContaining({ what: "outbox", level, detail }),
    );
  });

  test.each([
    [{ meta: { lag_ms: 14_999 } }, "ok", "statistics are 15 s old"],
    [{ meta: { lag_ms: 15_000 } }, "warning", "statistics are 15 s old"],
    [{ meta: { lag_ms: 180_000 } }, "failure", "statistics are 3 min old"],
    [{ meta: { lag_ms: null } }, "warning", "not known yet"],
  ])("judges freshness by %j", (body, level, detail) => {
    expect(judgeEdge(answered(200, body), NAMED)).toContainEqual(
      expect.objectContaining({ what: "freshness", level, detail }),
    );
  });

  test("tells of statistics that cannot be read", () => {
    const facts = answered(503, { title: "The store cannot be reached" });
    expect(complaints(judgeEdge(facts, NAMED))).toEqual([
      "failure statistics: it answered 503, The store cannot be reached → mend the database or the worker",
    ]);
  });

  test.each([
    [told(reply(401)), "failure metrics: the edge refuses METRICS_TOKEN"],
    [told(reply(404, { detail: "METRICS_TOKEN is not set" })), "warning metrics: it answered 404"],
    [
      told(reply(200, {}, "sluice_revocation_unchecked_total 3\n")),
      "warning revocations: 3 requests passed without a look at them",
    ],
  ])("judges metrics %j", (metrics, complaint) => {
    expect(complaints(judgeEdge(edgeFacts({ metrics }), NAMED)).at(-1)).toContain(complaint);
  });
});
