/** Messages as only a broken or hostile publisher sends them. For fast-check. */
import fc from "fast-check";
import { TIMESTAMP_TEXTS, UUID_TEXTS } from "../corpus/hostile-scalars.ts";
import type { MessagePlan } from "../stream/message-plan.ts";
import { changedJson } from "./changed-json.ts";
import { hostileText, jsonText } from "./json-text.ts";

/** `@id@` stands for a new event id. */
const event = (index: number) => ({
  event_id: "@id@",
  occurred_at: "2024-02-29T12:00:00.000Z",
  event_type: "view",
  user_id: `u${index}`,
  properties: { n: index, nested: { list: [1, "two", null] } },
});

const ENVELOPE = {
  v: 1,
  received_at: "2024-02-29T12:00:01.000Z",
  request_id: "fuzz",
  events: [event(0), event(1), event(2)],
};

const changedEnvelope = fc.oneof(
  { weight: 4, arbitrary: changedJson(ENVELOPE) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...TIMESTAMP_TEXTS).map((text) => withFirst("occurred_at", text)),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...TIMESTAMP_TEXTS)
      .map((text) => JSON.stringify({ ...ENVELOPE, received_at: text })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...UUID_TEXTS).map((text) => withFirst("event_id", text)),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("event_id", "occurred_at", "event_type", "user_id", "properties", "x")
      .map((name) => withFirst(name, "deep").replace('"deep"', DEEP)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("event_type", "user_id"), hostileText)
      .map(([name, text]) => withFirst(name, text)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("other", "fuzz-right").map((project_id) =>
      JSON.stringify({
        ...ENVELOPE,
        project_id,
        events: ENVELOPE.events.map((one) => ({ ...one, project_id })),
      }),
    ),
  },
);

/** More levels than can be written as JSON again. */
const DEEP = `${'{"a":'.repeat(20_000)}0${"}".repeat(20_000)}`;

function withFirst(name: string, value: unknown): string {
  const [first, ...others] = ENVELOPE.events;
  return JSON.stringify({ ...ENVELOPE, events: [{ ...first, [name]: value }, ...others] });
}

const payload: fc.Arbitrary<MessagePlan["payload"]> = fc.oneof(
  { weight: 8, arbitrary: changedEnvelope.map((text) => ({ text })) },
  { weight: 2, arbitrary: jsonText.map((text) => ({ text })) },
  {
    weight: 1,
    arbitrary: fc
      .nat(100)
      .map((percent) => ({ text: JSON.stringify(ENVELOPE), keeps: percent / 100 })),
  },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ maxLength: 200 })
      .map((bytes) => ({ base64: Buffer.from(bytes).toString("base64") })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("a", "{", "\u0000").map((text) => ({ text, repeats: 1_000_000 })),
  },
);

const PROJECTS = [
  "fuzz-stream",
  "fuzz-stream",
  "fuzz-stream",
  "fuzz-stream",
  "UPPER",
  "a.b",
  "a.b.c",
  "_",
  "\u00e9",
  `${"x".repeat(41)}`,
  "a_b",
  "-",
  "0",
];
const HEADERS: readonly (readonly [string, string])[] = [
  ["Nats-Msg-Id", "a.b.*.>"],
  ["Nats-Msg-Id", "x".repeat(1_000)],
  ["traceparent", "zz"],
  ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["Nats-Rollup", "sub"],
  ["Sluice-Project", "other"],
  ["x-empty", ""],
  ["x-unicode", "\u00e9\u4e2d"],
];

export const message: fc.Arbitrary<MessagePlan> = fc
  .record({
    project: fc.constantFrom(...PROJECTS),
    payload,
    headers: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.constantFrom(...HEADERS), { maxLength: 2 }) },
    ),
  })
  .map((plan) => ({ kind: "message", ...plan }));
