/** Requests that post something. For fast-check. */
import fc from "fast-check";
import { PACKINGS } from "../corpus/gzip-cases.ts";
import { embed, JSON_CASES } from "../corpus/json-cases.ts";
import type { BodyPlan, EdgePlan } from "../edge/edge-plan.ts";
import { changedEvent, validEvent } from "./event-text.ts";
import { jsonText } from "./json-text.ts";
import { tenant } from "./tenant.ts";

const JSON_TYPE = "application/json";
const LINES_TYPE = "application/x-ndjson";

type Content = { readonly type: string; readonly text: string; readonly charset?: "latin-1" };

const events = fc.array(
  fc.oneof({ weight: 3, arbitrary: validEvent }, { weight: 1, arbitrary: changedEvent }),
  { minLength: 1, maxLength: 4 },
);

const newline = fc.constantFrom(
  "\n",
  "\n",
  "\n",
  "\r\n",
  "\n\n",
  " \n\t\n",
  "\r",
  "\u2028",
  "\n\ufeff",
);

const shaped: fc.Arbitrary<Content> = fc.oneof(
  fc.oneof(validEvent, changedEvent).map((text) => ({ type: JSON_TYPE, text })),
  events.map((texts) => ({ type: JSON_TYPE, text: `[${texts.join(",")}]` })),
  events.map((texts) => ({ type: JSON_TYPE, text: `{"events":[${texts.join(",")}]}` })),
  fc.tuple(events, newline, fc.boolean()).map(([texts, end, isEnded]) => ({
    type: LINES_TYPE,
    text: texts.join(end) + (isEnded ? end : ""),
  })),
  fc
    .tuple(events, newline)
    .map(([texts, end]) => ({ type: "text/plain;charset=UTF-8", text: texts.join(end) })),
);

const changedOnce: fc.Arbitrary<Content> = changedEvent.map((text) => ({ type: JSON_TYPE, text }));

const anything: fc.Arbitrary<Content> = fc
  .tuple(fc.constantFrom(JSON_TYPE, LINES_TYPE, "text/plain"), jsonText, fc.nat(5))
  .map(([type, text, form]) => ({
    type,
    text:
      [
        text,
        `[${text}]`,
        `{"events":${text}}`,
        `{"events":[${text}]}`,
        `${text}\n${text}`,
        `{"events":[],"x":${text}}`,
      ][form] ?? text,
  }));

const HEAD = '{"event_id":"@id@","occurred_at":"@now@","event_type":"json","user_id":"@mark@"}';
const CORPUS = JSON_CASES.filter(({ bytes }) => bytes.length < 30_000);

/** Latin-1 has a character for each byte, also where the bytes are no UTF-8. */
const fromCorpus: fc.Arbitrary<Content> = fc
  .tuple(fc.constantFrom(...CORPUS), fc.nat(3))
  .map(([one, form]) => {
    const value = embed(one, HEAD).toString("latin1");
    const forms = [one.bytes.toString("latin1"), value, `[${value}]`, `${HEAD}\n${value}\n${HEAD}`];
    const type = form === 3 ? LINES_TYPE : JSON_TYPE;
    return { type, text: forms[form] ?? value, charset: "latin-1" };
  });

const damage = fc.record({
  kind: fc.constantFrom("cut", "insert", "flip", "repeat", "drop"),
  at: fc.integer({ min: 0, max: 999 }).map((place) => place / 1_000),
  byte: fc.nat(255),
});

const charset = fc.constantFrom(
  "utf-8-bom",
  "utf-16le",
  "utf-16le-bom",
  "utf-16be-bom",
  "latin-1",
) as fc.Arbitrary<NonNullable<BodyPlan["charset"]>>;

const TYPES = [
  JSON_TYPE,
  LINES_TYPE,
  "text/plain",
  "APPLICATION/JSON ; charset=utf-8",
  "application/json;charset=utf-16",
  "application/json, application/json",
  "application/xml",
  "multipart/form-data; boundary=x",
  "application/x-www-form-urlencoded",
  "application/json\u00a0",
  "json",
  "/",
  ";",
  "",
];
const ENCODINGS = [
  "gzip",
  "GZIP",
  "x-gzip",
  "gzip, gzip",
  "identity",
  "br",
  "deflate",
  "",
  "gzip;q=0",
  "*",
];

/** `POST /v1/events` with what `content` gives, and what else may be done to a body. */
function post(
  kind: string,
  content: fc.Arbitrary<Content>,
  isHarmed: boolean,
): fc.Arbitrary<EdgePlan> {
  return fc
    .record({
      tenant,
      content,
      results: fc.constantFrom("results=all", "results=all", "results=all", ""),
      body: isHarmed
        ? fc.oneof(
            fc.record({ packing: fc.constantFrom(...PACKINGS) }),
            fc.record({ damage }),
            fc.record({ charset }),
            fc.record(
              { damage, charset, packing: fc.constantFrom(...PACKINGS) },
              { requiredKeys: [] },
            ),
          )
        : fc.constant({}),
      type: isHarmed
        ? fc.option(fc.constantFrom(...TYPES), { freq: 4, nil: undefined })
        : fc.constant(undefined),
      encoding: isHarmed
        ? fc.option(fc.constantFrom(...ENCODINGS), { freq: 4, nil: undefined })
        : fc.constant(undefined),
      framing: isHarmed
        ? fc.option(fc.constantFrom("chunked", "chunked", "chunked", "shorter", "both"), {
            freq: 4,
            nil: undefined,
          })
        : fc.constant(undefined),
    })
    .map(
      ({
        tenant: own,
        content: { type, ...content },
        results,
        body,
        type: otherType,
        encoding,
        framing,
      }) => ({
        kind,
        tenant: own,
        method: "POST",
        path: "/v1/events",
        parameters: results === "" ? [] : [results],
        key: { scope: "w", place: "header" },
        headers: [
          ["content-type", otherType ?? type],
          ...(encoding === undefined ? [] : [["content-encoding", encoding] as const]),
        ],
        body: { ...content, ...body },
        framing,
      }),
    );
}

export const postChangedEvent = post("changed event", changedOnce, false);
export const postShaped = post("events in all shapes", shaped, false);
export const postAnything = post("any JSON", anything, false);
export const postFromCorpus = post("JSON corpus", fromCorpus, false);
export const postHarmed = post("harmed body", fc.oneof(shaped, fromCorpus), true);
