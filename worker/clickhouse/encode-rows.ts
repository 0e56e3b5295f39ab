import type { EventRow } from "../event-row.ts";

export const COLUMNS = [
  "project_id",
  "event_id",
  "occurred_at",
  "received_at",
  "event_type",
  "user_id",
  "properties",
] as const;

/** Rows as TabSeparated, in the order of {@link COLUMNS}. */
export function encodeRows(rows: readonly EventRow[]): string {
  let text = "";
  for (const row of rows) {
    text += `${row.projectId}\t${escapeText(row.eventId)}\t${escapeText(row.occurredAt)}\t${escapeText(row.receivedAt)}\t${escapeText(row.eventType)}\t${escapeText(row.userId)}\t${escapeText(row.propertiesJson)}\n`;
  }
  return text;
}

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
};

function escapeText(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replaceAll(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}
