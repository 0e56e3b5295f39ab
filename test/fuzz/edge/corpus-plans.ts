import { isUtf8 } from "node:buffer";
import { expectJson } from "../corpus/expect-json.ts";
import { isReadable, PACKINGS } from "../corpus/gzip-cases.ts";
import { NUMBER_TEXTS, TIMESTAMP_TEXTS, UUID_TEXTS } from "../corpus/hostile-scalars.ts";
import { HOSTILE_KEYS, HOSTILE_TEXTS } from "../corpus/hostile-text.ts";
import { HTTP_CASES } from "../corpus/http-cases.ts";
import type { JsonCase } from "../corpus/json-case.ts";
import { embed, JSON_CASES } from "../corpus/json-cases.ts";
import type { Header } from "../http/http-request.ts";
import type { BodyPlan, EdgePlan, Tenant } from "./edge-plan.ts";

/**
 * What has to become of a request. `stored`: its one event is taken, and read back as it was sent; `refused`: nothing of it is taken;
 * `neighbours`: two of its events are taken, whatever becomes of the one between them; `as-sent`: if its event is taken, it is read back so.
 */
export type Expectation = "stored" | "refused" | "neighbours" | "as-sent";

/** Without an expectation, anything that is no fault. */
export type CorpusPlan = {
  readonly name: string;
  readonly plan: EdgePlan;
  readonly expects?: Expectation;
};

/** Every entry of every corpus once, in every place where it fits. */
export function corpusPlans(): CorpusPlan[] {
  return [
    ...JSON_CASES.flatMap((one, index) => jsonPlans(one, toTenant(index))),
    ...PACKINGS.map((packing, index) => packedPlan(packing, toTenant(index))),
    ...HTTP_CASES.map(({ name }, index) => ({
      name,
      plan: { ...EMPTY, kind: "broken HTTP", tenant: toTenant(index), httpCase: name },
    })),
    ...fieldPlans(),
  ];
}

const HEAD = '{"event_id":"@id@","occurred_at":"@now@","event_type":"corpus","user_id":"@mark@"}';
const EMPTY = {
  kind: "corpus",
  tenant: 0,
  method: "GET",
  path: "/",
  parameters: [],
  key: "none",
  headers: [],
} as const;

function toTenant(index: number): Tenant {
  return index % 2 === 0 ? 0 : 1;
}

/** By itself, as a property, and as a line between two others. */
function jsonPlans(one: JsonCase, tenant: Tenant): CorpusPlan[] {
  const embedded = embed(one, HEAD);
  const lines = Buffer.concat([Buffer.from(`${HEAD}\n`), embedded, Buffer.from(`\n${HEAD}\n`)]);
  const linesPlan = post(tenant, asBody(lines), "application/x-ndjson");
  return [
    { name: one.name, plan: post(tenant, asBody(one.bytes)), expects: "refused" },
    {
      name: `${one.name} in an event`,
      plan: post(tenant, asBody(embedded)),
      expects: expectJson(one.name, one.bytes),
    },
    {
      name: `${one.name} in a line`,
      plan: linesPlan,
      // A body that is no text is refused as a whole.
      expects: isUtf8(one.bytes) ? "neighbours" : "refused",
    },
  ];
}

/** Latin-1 has a character for each byte. */
function asBody(bytes: Buffer): BodyPlan {
  return { text: bytes.toString("latin1"), charset: "latin-1" };
}

function post(
  tenant: Tenant,
  body: BodyPlan,
  type = "application/json",
  more: readonly Header[] = [],
): EdgePlan {
  return {
    ...EMPTY,
    tenant,
    method: "POST",
    path: "/v1/events",
    parameters: ["results=all"],
    key: { scope: "w", place: "header" },
    headers: [["content-type", type], ...more],
    body,
  };
}

function packedPlan(packing: (typeof PACKINGS)[number], tenant: Tenant): CorpusPlan {
  const text = `${HEAD.slice(0, -1)},"properties":{"value":"${"packed ".repeat(20)}"}}`;
  const plan = post(tenant, { text, packing });
  // What stands behind a member, readers take or refuse.
  if (packing.endsWith("behind")) return { name: packing, plan };
  return { name: packing, plan, expects: isReadable(packing) ? "stored" : "refused" };
}

/** Every text in every field, and every key in `properties`. What is taken has to come back as it was sent. */
function fieldPlans(): CorpusPlan[] {
  const fields: readonly (readonly [name: string, values: readonly string[]])[] = [
    ["event_id", UUID_TEXTS.map((text) => JSON.stringify(text))],
    ["occurred_at", TIMESTAMP_TEXTS.map((text) => JSON.stringify(text))],
    ["event_type", HOSTILE_TEXTS.map((text) => JSON.stringify(text))],
    ["user_id", HOSTILE_TEXTS.map((text) => JSON.stringify(text))],
    [
      "properties",
      [
        ...HOSTILE_KEYS.map((key) => `{${JSON.stringify(key)}:1}`),
        ...NUMBER_TEXTS.map((text) => `{"n":${text}}`),
        "null",
        "[]",
        '""',
        "1",
      ],
    ],
    ["extra", ["null", '"x"']],
    // Once taken for the length of a text, and compared.
    ...FIELDS.map((name) => [name, ['{"length":{"toString":null,"valueOf":null}}']] as const),
  ];
  return fields.flatMap(([name, values]) =>
    values.map((value, index) => ({
      name: `${name} ${value.slice(0, 100)}`,
      plan: post(toTenant(index), { text: withField(name, value) }),
      expects: "as-sent" as const,
    })),
  );
}

const FIELDS = ["event_id", "occurred_at", "event_type", "user_id"];

function withField(name: string, value: string): string {
  const members = {
    event_id: '"@id@"',
    occurred_at: '"@now@"',
    event_type: '"field"',
    user_id: '"@mark@"',
    properties: "{}",
    [name]: value,
  };
  return `{${Object.entries(members)
    .map(([key, text]) => `"${key}":${text}`)
    .join(",")}}`;
}
