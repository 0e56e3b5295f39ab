import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createLogger } from "../../edge/logger.ts";
import { createTestApp, post, READ_KEY, sampleEvent, WRITE_KEY } from "./test-app.ts";

/** Pieces of what makes a key one, its last part: neither log nor answer may hold any. */
const SECRETS = [WRITE_KEY, READ_KEY].flatMap((key) =>
  Array.from({ length: 25 }, (_, start) => key.slice(-40).slice(start, start + 16)),
);
const PASSWORD = "pass-word-1";

let lines: string[];

beforeEach(() => {
  lines = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
});
afterEach(() => vi.restoreAllMocks());

function expectNoSecret(text: string): void {
  for (const secret of [...SECRETS, PASSWORD]) expect(text).not.toContain(secret);
}

/** The app with the real logger, and an answer with its headers and body as one text. */
function createApp(overrides: Parameters<typeof createTestApp>[0] = {}) {
  const app = createTestApp({ logger: createLogger(), ...overrides });
  return {
    ...app,
    async ask(path: string, init: RequestInit = {}): Promise<{ status: number; text: string }> {
      const response = await app.fetch(path, init);
      const headers = JSON.stringify([...response.headers]);
      return { status: response.status, text: `${headers}\n${await response.text()}` };
    },
  };
}

const authorized = { authorization: `Bearer ${READ_KEY}` };

it.each([
  ["the path", `/v1/${WRITE_KEY}`, {}, 404],
  ["the path, encoded", `/v1/${WRITE_KEY.replaceAll("_", "%5F")}`, {}, 404],
  ["the path of another method", `/v1/events/${WRITE_KEY}`, { method: "PUT" }, 405],
  ["?key= of a read key", `/v1/events?key=${READ_KEY}`, { method: "POST", body: "{}" }, 403],
  ["?key= of a mistyped key", `/v1/events?key=${READ_KEY}0`, { method: "POST", body: "{}" }, 401],
  ["a parameter's name", `/v1/stats/events?${WRITE_KEY}=1`, { headers: authorized }, 422],
  ["a parameter's value", `/v1/stats/events?interval=${READ_KEY}`, { headers: authorized }, 422],
  ["an event's id", `/v1/events/${WRITE_KEY}`, { headers: authorized }, 404],
  [
    "Idempotency-Key",
    "/v1/events",
    post(sampleEvent(), { "idempotency-key": `${WRITE_KEY} ` }),
    202,
  ],
  ["Content-Type", "/v1/events", post("{}", { "content-type": `text/${WRITE_KEY}` }), 415],
  ["a body that is no JSON", "/v1/events", post(`{"a":"${WRITE_KEY}"`), 400],
  ["an unknown field's name", "/v1/events", post({ ...sampleEvent(), [WRITE_KEY]: 1 }), 422],
  ["an event_id", "/v1/events", post({ ...sampleEvent(), event_id: WRITE_KEY }), 422],
  [
    "a property's name",
    "/v1/events",
    post({ ...sampleEvent(), properties: { [WRITE_KEY]: { constructor: 1 } } }),
    422,
  ],
] as const)("a key in %s is neither answered nor logged", async (_, path, init, status) => {
  const { ask } = createApp();
  const answer = await ask(path, init as RequestInit);
  expect(answer.status).toBe(status);
  expectNoSecret(answer.text);
  expectNoSecret(lines.join("\n"));
});

it("a key in an event is refused by name beside events that are accepted", async () => {
  const { ask } = createApp();
  const events = [sampleEvent(1), { ...sampleEvent(2), event_id: WRITE_KEY, [READ_KEY]: 1 }];
  const { status, text } = await ask("/v1/events?results=all", post(events));
  expect(status).toBe(202);
  expectNoSecret(text);
  expect(text).toContain("slu_w_demo_k1_[redacted]");
});

it("a key as X-Request-Id is no request's id, in no answer and in no message", async () => {
  const { ask, published } = createApp();
  const { status, text } = await ask(
    "/v1/events",
    post(sampleEvent(), { "x-request-id": WRITE_KEY }),
  );
  expect(status).toBe(202);
  expectNoSecret(text);
  expect(published()).toHaveLength(1);
  expectNoSecret(JSON.stringify(published()));
  expect(published()[0]?.envelope.request_id).toMatch(/^[0-9a-f-]{36}$/);
});

it("a key in Idempotency-Key is in no message", async () => {
  const { ask, published } = createApp();
  const { event_id: _, ...event } = sampleEvent();
  expect(await ask("/v1/events", post(event, { "idempotency-key": WRITE_KEY }))).toMatchObject({
    status: 202,
  });
  expect(published()).toHaveLength(1);
  expectNoSecret(JSON.stringify(published()));
});

it("a crash logs neither the key in its path nor the password in its error", async () => {
  const cause = new TypeError(`Invalid URL\npostgres://me:${PASSWORD}@host/db ${WRITE_KEY}`);
  const isSeen = () => Promise.reject(new Error(`Cannot see ${WRITE_KEY}`, { cause }));
  const { ask } = createApp({
    memory: { admit: isSeen, markSeen: isSeen, isSeen },
    store: {
      readStats: isSeen,
      readPage: isSeen,
      findEvent: isSeen,
      hasAll: isSeen,
    },
  });
  const path = `/v1/users/${WRITE_KEY}/events?limit=1`;
  const { status, text } = await ask(path, { headers: authorized });
  expect(status).toBe(500);
  expectNoSecret(text);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    {
      msg: "request crashed",
      method: "GET",
      route: "/v1/users/:user_id/events",
      err: {
        message: "Cannot see slu_w_demo_k1_[redacted]",
        cause: {
          message: "Invalid URL\npostgres://me:[redacted]@host/db slu_w_demo_k1_[redacted]",
        },
      },
    },
  ]);
  expectNoSecret(lines.join("\n"));
});

it("metrics name no key", async () => {
  const { ask } = createApp({ metricsToken: "a metrics token" });
  await ask(`/v1/${WRITE_KEY}`);
  await ask("/v1/events", post(sampleEvent(), { "x-request-id": WRITE_KEY }));
  const { status, text } = await ask("/metrics", {
    headers: { authorization: "Bearer a metrics token" },
  });
  expect(status).toBe(200);
  expectNoSecret(text);
});
