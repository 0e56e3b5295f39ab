import { describe, expect, it } from "vitest";
import type { PublisherReport } from "../../edge/publish/event-publisher.ts";
import type { OutboxStatus } from "../../edge/publish/outbox.ts";
import { type Findings, judgeReadiness, type Readiness } from "../../edge/readiness.ts";

const MAX_BYTES = 1_000;
const FINE: Findings = {
  redis: "ok",
  stream: "ok",
  database: "ok",
  publishers: [publisher(), publisher()],
};

const HALF_FULL = publisher({ isReachable: false, messages: 5, bytes: 500 });
const FULL = publisher({ isReachable: false, messages: 5, bytes: 950 });
const ALMOST_FULL = publisher({ isReachable: false, messages: 5, bytes: 949 });
const SILENT: PublisherReport = { name: "weur-1", status: undefined };

const CASES: readonly [
  string,
  Partial<Findings>,
  Readiness["status"],
  Partial<Readiness["parts"]>,
][] = [
  ["all is fine", {}, "ready", {}],
  ["Redis is away", { redis: "failed" }, "degraded", { redis: "failed" }],
  ["Redis is silent", { redis: "no answer" }, "degraded", { redis: "no answer" }],
  ["the database is away", { database: "failed" }, "not-ready", { database: "failed" }],
  [
    "NATS is away, and nothing was posted yet",
    { stream: "failed" },
    "degraded",
    { stream: "failed" },
  ],
  [
    "NATS is away, and the outboxes have room",
    { stream: "no answer", publishers: [publisher(), HALF_FULL] },
    "degraded",
    { stream: "no answer", outbox: "in use" },
  ],
  [
    "NATS is away, and 5.1 % of an outbox are left",
    { stream: "failed", publishers: [publisher(), ALMOST_FULL] },
    "degraded",
    { stream: "failed", outbox: "in use" },
  ],
  [
    "NATS is away, and one outbox is full",
    { stream: "failed", publishers: [publisher(), FULL] },
    "not-ready",
    { stream: "failed", outbox: "full" },
  ],
  [
    "NATS answers, but acknowledges nothing",
    { publishers: [publisher(), HALF_FULL] },
    "degraded",
    { stream: "failed", outbox: "in use" },
  ],
  [
    "NATS answers, acknowledges nothing, and one outbox is full",
    { publishers: [publisher(), FULL] },
    "not-ready",
    { stream: "failed", outbox: "full" },
  ],
  [
    "NATS is back, and a full outbox is being drained",
    { publishers: [publisher(), publisher({ messages: 5, bytes: 1_000 })] },
    "degraded",
    { outbox: "in use" },
  ],
  [
    "there is no outbox, and NATS answers",
    { publishers: [publisher({ maxBytes: 0 })] },
    "ready",
    {},
  ],
  [
    "there is no outbox, and NATS is away",
    { stream: "failed", publishers: [publisher({ maxBytes: 0 })] },
    "not-ready",
    { stream: "failed", outbox: "full" },
  ],
  ["a publisher fails", { publishers: [publisher(), SILENT] }, "not-ready", { outbox: "failed" }],
];

describe("judgeReadiness()", () => {
  it.each(CASES)("%s", (_, findings, status, parts) => {
    const readiness = judgeReadiness({ ...FINE, ...findings });
    expect(readiness.status).toBe(status);
    expect(readiness.parts).toEqual({
      redis: "ok",
      stream: "ok",
      outbox: "ok",
      database: "ok",
      ...parts,
    });
  });

  it("sums the outboxes of all publishers, and tells the oldest age", () => {
    const publishers = [
      publisher({ messages: 1, events: 10, bytes: 100, oldestAgeMs: 700 }),
      publisher({ messages: 2, events: 20, bytes: 200, oldestAgeMs: 300 }),
      publisher(),
    ];
    expect(judgeReadiness({ ...FINE, publishers }).outbox).toEqual({
      messages: 3,
      events: 30,
      bytes: 300,
      oldest_age_ms: 700,
    });
  });

  it("claims no sum while a publisher does not tell", () => {
    expect(judgeReadiness({ ...FINE, publishers: [publisher(), SILENT] }).outbox).toBeNull();
  });
});

function publisher({
  isReachable = true,
  ...outbox
}: Partial<OutboxStatus & { isReachable: boolean }> = {}): PublisherReport {
  const empty = { messages: 0, events: 0, bytes: 0, maxBytes: MAX_BYTES, oldestAgeMs: 0 };
  return { name: "weur-0", status: { isReachable, outbox: { ...empty, ...outbox }, counts: {} } };
}
