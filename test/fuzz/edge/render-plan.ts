import { randomUUID } from "node:crypto";
import { pack } from "../corpus/gzip-cases.ts";
import { HTTP_CASES } from "../corpus/http-cases.ts";
import { type Header, toWire, type WireRequest } from "../http/http-request.ts";
import type { BodyPlan, Charset, Damage, EdgePlan, KeyChange, KeyPlan } from "./edge-plan.ts";
import type { FuzzProject } from "./fuzz-project.ts";

export type RenderedPlan = {
  readonly wire: WireRequest;
  /** As it was before it was packed. */
  readonly body: Buffer | undefined;
  /** The event ids that it sends. */
  readonly ids: readonly string[];
  /** It is no HTTP, or has a URL with characters that no URL has (RFC 3986 §2): the server may refuse it by itself. */
  readonly isBroken: boolean;
  /** Its key is one of the project's that was changed. */
  readonly isForged: boolean;
};

/** The bytes of a planned request. Each call makes new event ids, so that the same plan can be sent again. */
export function renderPlan(plan: EdgePlan, project: FuzzProject): RenderedPlan {
  const ids: string[] = [];
  const fill = (text: string) => {
    const filled = fillPlaceholders(text, project);
    ids.push(...idsIn(filled));
    return filled;
  };
  if (plan.httpCase !== undefined) {
    const httpCase = HTTP_CASES.find(({ name }) => name === plan.httpCase);
    if (httpCase === undefined) throw new RangeError(`Cannot render: no case ${plan.httpCase}`);
    const { w: writeKey, r: readKey } = project.keys;
    const event = fill(PLAIN_EVENT);
    const wire = httpCase.toWire({ writeKey, readKey, event });
    return { wire, body: undefined, ids, isBroken: true, isForged: false };
  }
  const key = keyOf(plan.key, project);
  const parameters = [
    ...plan.parameters,
    ...(key?.place === "parameter" ? [`key=${encodeURIComponent(key.text)}`] : []),
  ];
  const query = parameters.length === 0 ? "" : `?${parameters.join("&")}`;
  const headers: Header[] = [
    ...(key?.place === "header" ? [["authorization", `Bearer ${key.text}`] as const] : []),
    ...plan.headers.map(([name, value]): Header => [name, fill(value)]),
  ];
  const body = plan.body === undefined ? undefined : toBytes(plan.body, fill);
  // Damage that hits a digit of an id makes another id.
  if (plan.body?.damage !== undefined) ids.push(...idsIn(body?.toString("latin1") ?? ""));
  const packing = plan.body?.packing;
  const target = toLatin1(fill(`${plan.path}${query}`));
  const wire = toWire({
    method: plan.method,
    target,
    headers: headers.map(([name, value]) => [name, toLatin1(value)]),
    body: body === undefined || packing === undefined ? body : pack(body, packing),
    framing: plan.framing,
  });
  return {
    wire,
    body,
    ids,
    isBroken: !wire.isWhole || !URI_CHARACTERS.test(target),
    isForged: key !== undefined && isChanged(plan.key, key.text, project),
  };
}

const URI_CHARACTERS = /^[\w\-.~:/?#[\]@!$&'()*+,;=%]*$/;

const PLAIN_EVENT =
  '{"event_id":"@id@","occurred_at":"@now@","event_type":"plain","user_id":"@mark@","properties":{}}';

/** Its characters' UTF-8, a character for each byte, as a browser or curl would send it. */
function toLatin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function fillPlaceholders(text: string, project: FuzzProject): string {
  return text.replace(/@(id|ID|id32|now|mark)@/g, (_, name: string) => {
    if (name === "now") return new Date().toISOString();
    if (name === "mark") return project.mark;
    if (name === "ID") return randomUUID().toUpperCase();
    return name === "id32" ? randomUUID().replaceAll("-", "") : randomUUID();
  });
}

/** New ones, and those that every run sends the same. */
function idsIn(text: string): string[] {
  const found = text.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi) ?? [];
  return found.map((id) => id.toLowerCase());
}

function keyOf(plan: KeyPlan, project: FuzzProject) {
  if (plan === "none") return undefined;
  if ("text" in plan) return plan;
  const { place, change } = plan;
  const key = project.keys[plan.scope];
  return { place, text: change === undefined ? key : changeKey(key, change) };
}

function isChanged(plan: KeyPlan, text: string, { keys }: FuzzProject): boolean {
  return plan !== "none" && "scope" in plan && text !== keys[plan.scope];
}

function changeKey(key: string, change: KeyChange): string {
  if (change.kind === "append") return key + change.text;
  const at = change.at % key.length;
  const [before, after] = [key.slice(0, at), key.slice(at + 1)];
  if (change.kind === "drop") return before + after;
  if (change.kind === "insert") return before + change.character + key.slice(at);
  return before + change.character + after;
}

function toBytes(
  { text, charset, damage: harm }: BodyPlan,
  fill: (text: string) => string,
): Buffer {
  const bytes = encode(fill(text), charset ?? "utf-8");
  return harm === undefined ? bytes : damage(bytes, harm);
}

function encode(text: string, charset: Charset): Buffer {
  switch (charset) {
    case "utf-8":
      return Buffer.from(text);
    case "utf-8-bom":
      return Buffer.from(`\ufeff${text}`);
    case "utf-16le":
      return Buffer.from(text, "utf16le");
    case "utf-16le-bom":
      return Buffer.from(`\ufeff${text}`, "utf16le");
    case "utf-16be-bom":
      return Buffer.from(`\ufeff${text}`, "utf16le").swap16();
    case "latin-1":
      return Buffer.from(text, "latin1");
  }
}

function damage(bytes: Buffer, { kind, at, byte }: Damage): Buffer {
  const index = Math.min(bytes.length - 1, Math.floor(at * bytes.length));
  if (index < 0) return bytes;
  const [before, after] = [bytes.subarray(0, index), bytes.subarray(index + 1)];
  const own = bytes[index] ?? 0;
  switch (kind) {
    case "cut":
      return before;
    case "drop":
      return Buffer.concat([before, after]);
    case "insert":
      return Buffer.concat([before, Buffer.from([byte]), bytes.subarray(index)]);
    case "flip":
      return Buffer.concat([before, Buffer.from([own ^ (1 << (byte % 8))]), after]);
    case "repeat":
      return Buffer.concat([before, Buffer.alloc((byte % 40) + 2, own), after]);
  }
}
