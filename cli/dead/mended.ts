import { readFileSync } from "node:fs";
import { type Event, isRejection, parseEvent } from "../../contract/event.ts";
import { CliError } from "../cli-error.ts";

/**
 * Reads the event that shall stand in for a broken one; "-" is standard input.
 * @throws {CliError} when it is not an event with its identity.
 */
export function readMended(path: string): Event {
  const value = parseJson(readText(path), path);
  const event = parseEvent(value);
  if (isRejection(event)) throw new CliError(`Cannot replay ${path}: ${event.detail}`);
  const { event_id, occurred_at, properties = {} } = event;
  if (event_id === undefined || occurred_at === undefined) {
    throw new CliError(`Cannot replay ${path}: the event needs its event_id and occurred_at`);
  }
  return { ...event, event_id, occurred_at: occurred_at.text, properties };
}

function readText(path: string): string {
  try {
    return readFileSync(path === "-" ? process.stdin.fd : path, "utf8");
  } catch (cause) {
    throw new CliError(`Cannot read ${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CliError(`Cannot replay ${path}: it is not one JSON object`, { cause });
  }
}
