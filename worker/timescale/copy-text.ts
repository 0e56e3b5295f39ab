import type { EventRow } from "../event-row.ts";

/**
 * Rows in the text format of COPY (PostgreSQL's manual, "COPY", File Formats): columns end in a tab, rows in a newline, and a
 * backslash escapes. JSON text holds no raw control character, so only its backslashes need doubling.
 */
export function encodeCopyText(rows: readonly EventRow[]): string {
  let text = "";
  for (const row of rows) {
    text += `${row.projectId}\t${escapeText(row.eventId)}\t${escapeText(row.occurredAt)}\t${row.receivedAt}\t${escapeText(row.eventType)}\t${escapeText(row.userId)}\t${escapeBackslashes(row.propertiesJson)}\n`;
  }
  return text;
}

export function escapeText(text: string): string {
  return SPECIAL.test(text)
    ? text.replace(ALL_SPECIAL, (character) => ESCAPES[character] ?? character)
    : text;
}

const SPECIAL = /[\\\t\n\r]/;
const ALL_SPECIAL = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
};

function escapeBackslashes(json: string): string {
  return json.includes("\\") ? json.replaceAll("\\", "\\\\") : json;
}
