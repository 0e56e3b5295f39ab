import { MAX_EVENTS_PER_REQUEST } from "../../contract/limits.ts";
import type { Rejection } from "../../contract/rejection.ts";
import { hasRepeatedKey } from "./json-keys.ts";
import { ProblemError } from "./problem.ts";

/** One event of a request before validation: its JSON value, or why it is none. */
export type DecodedEvent = { readonly value: unknown } | { readonly rejection: Rejection };

/** Sluice's own wire format: bytes of a body → its events in order, whichever of the four forms they came in. */
export function decodeEvents(body: Uint8Array, contentType: string | undefined): DecodedEvent[] {
  const mediaType = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const text = decodeUtf8(body);
  const events = decodeText(text, mediaType);
  if (events.length === 0)
    throw new ProblemError("empty-batch", { detail: "Send at least one event" });
  if (events.length > MAX_EVENTS_PER_REQUEST) {
    throw new ProblemError("too-many-events", {
      detail: `The request holds ${events.length} events, more than ${MAX_EVENTS_PER_REQUEST}: send them in parts`,
    });
  }
  return events;
}

function decodeText(text: string, mediaType: string): DecodedEvent[] {
  switch (mediaType) {
    case "application/json":
      return decodeJson(text);
    case "application/x-ndjson":
      return decodeLines(text);
    case "text/plain":
      // What sendBeacon sends for a string: either form, and only JSON Lines can have a newline between two values.
      return isJsonLines(text) ? decodeLines(text) : decodeJson(text);
    default:
      throw new ProblemError("unsupported-media-type", {
        detail: `Content-Type "${mediaType.slice(0, 64)}" is not supported: send application/json, application/x-ndjson or text/plain`,
      });
  }
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body);
  } catch (cause) {
    throw malformed("it is not UTF-8", cause);
  }
}

function decodeJson(text: string): DecodedEvent[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed("it is not JSON", cause);
  }
  if (hasRepeatedKey(text, value)) throw malformed("an object in it repeats a key");
  return eventsOf(value).map((event) => ({ value: event }));
}

function eventsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) {
    throw malformed("it is neither an event, an array of events nor an object with events");
  }
  if (!Object.hasOwn(value, "events")) return [value];
  const { events, ...others } = value as { events: unknown };
  const [other] = Object.keys(others);
  if (other !== undefined) throw malformed(`unknown member "${other.slice(0, 64)}" beside events`);
  if (!Array.isArray(events)) throw malformed("events is not an array");
  return events;
}

function decodeLines(text: string): DecodedEvent[] {
  const events: DecodedEvent[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() !== "") events.push(decodeLine(line));
  }
  return events;
}

function decodeLine(line: string): DecodedEvent {
  try {
    const value: unknown = JSON.parse(line);
    if (!hasRepeatedKey(line, value)) return { value };
  } catch {
    return reject("invalid_json", "The line is not JSON");
  }
  return reject("repeated_key", "An object in the line repeats a key");
}

function reject(code: Rejection["code"], detail: string): DecodedEvent {
  return { rejection: { code, pointer: "", detail } };
}

function isJsonLines(text: string): boolean {
  const newline = text.indexOf("\n");
  if (newline === -1) return false;
  const first = text.slice(0, newline);
  return first.trim() !== "" && isJson(first);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function malformed(reason: string, cause?: unknown): ProblemError {
  return new ProblemError("malformed-body", { detail: `Cannot read body: ${reason}`, cause });
}
