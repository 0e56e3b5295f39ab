import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import type { Event } from "../../contract/event.ts";
import { parseTimestamp } from "../../contract/timestamp.ts";
import type { EventRow } from "../../worker/event-row.ts";
import { toRows } from "./naive-rows.ts";

/** Events of a gzipped file, one a line as a client sends them, as rows in pieces. */
export async function* readNdjsonRows(
  projectId: string,
  path: string,
  pieceRows: number,
): AsyncGenerator<EventRow[]> {
  const [template] = toRows(projectId, [{ occurredAtMs: 0, eventType: "", userId: "" }]);
  if (template === undefined) throw new TypeError("Cannot read rows: no template");
  let piece: EventRow[] = [];
  for await (const line of createInterface({
    input: createReadStream(path).pipe(createGunzip()),
  })) {
    const event = JSON.parse(line) as Event;
    const time = parseTimestamp(event.occurred_at);
    if (time === undefined) throw new TypeError(`Cannot read time: ${event.occurred_at}`);
    piece.push({
      ...template,
      eventId: event.event_id,
      occurredAt: time.text,
      occurredAtMs: time.epochMs,
      eventType: event.event_type,
      userId: event.user_id,
      propertiesJson: JSON.stringify(event.properties),
    });
    if (piece.length < pieceRows) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
