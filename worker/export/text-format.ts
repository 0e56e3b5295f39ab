import type { StoredEvent } from "../../contract/receipt.ts";

/** How events become text. Both formats hold exactly what `POST /v1/events` takes, so that `sluice import` takes them back. */
export type TextFormat = {
  readonly contentType: string;
  readonly head: string;
  encode(events: readonly StoredEvent[]): string;
};

export const NDJSON: TextFormat = {
  contentType: "application/x-ndjson",
  head: "",
  encode: (events) => events.map(toLine).join(""),
};

/** RFC 4180. Cells that a spreadsheet would take for formulas stand as they are: a mark before them would be in the data for good. */
export const CSV: TextFormat = {
  contentType: "text/csv; charset=utf-8; header=present",
  head: "event_id,event_type,user_id,occurred_at,properties\r\n",
  encode: (events) => events.map(toRow).join(""),
};

function toLine({ event_id, event_type, user_id, occurred_at, properties }: StoredEvent): string {
  return `${JSON.stringify({ event_id, event_type, user_id, occurred_at, properties })}\n`;
}

function toRow({ event_id, event_type, user_id, occurred_at, properties }: StoredEvent): string {
  const cells = [event_id, event_type, user_id, occurred_at, JSON.stringify(properties)];
  return `${cells.map(toCell).join(",")}\r\n`;
}

function toCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
