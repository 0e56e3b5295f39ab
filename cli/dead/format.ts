import { isUtf8 } from "node:buffer";
import { projectOfDeadSubject } from "../../contract/dead-letter.ts";
import { formatMoment } from "../moment.ts";
import { formatTable, toPrintable } from "../table.ts";
import { fieldOf, type StoredLetter } from "./filter.ts";

/** Rows of a table unless more are asked for. */
export const DEFAULT_ROWS = 50;

export function formatLetters(letters: readonly StoredLetter[], width?: number): string {
  const header = ["POSITION", "FAILED AT", "PROJECT", "EVENT TYPE", "USER", "REASON"];
  return formatTable(header, letters.map(toRow), width);
}

/** What a row of a table needs: a thousand whole letters could be a gigabyte. */
export function withoutBulk({ position, subject, letter }: StoredLetter): StoredLetter {
  const { payload_base64: _, event, ...rest } = letter;
  if (typeof event !== "object" || event === null) return { position, subject, letter: rest };
  const { event_type, user_id } = event as Record<string, unknown>;
  return { position, subject, letter: { ...rest, event: { event_type, user_id } } };
}

export function toJson({ position, subject, letter }: StoredLetter) {
  const { subject: from, ...rest } = letter;
  return { position, project: projectOfDeadSubject(subject) ?? null, subject: from, ...rest };
}

/** Everything about one letter, for a reader. */
export function formatLetter({ position, subject, letter }: StoredLetter): string {
  const { event, payload_base64, payload_is_cut } = letter;
  const fields: readonly (readonly [string, string | undefined])[] = [
    ["position", String(position)],
    ["project", projectOfDeadSubject(subject)],
    ["reason", letter.reason],
    ["sqlstate", letter.sqlstate],
    ["failed at", letter.failed_at],
    ["received at", letter.received_at],
    ["message", `${letter.stream_sequence} of EVENTS, subject ${letter.subject}`],
  ];
  const lines = fields.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name.padEnd(13)}${toPrintable(value)}`],
  );
  if (event !== undefined)
    lines.push("", "event", toPrintableLines(JSON.stringify(event, null, 2)));
  if (payload_base64 !== undefined) {
    lines.push(
      "",
      ...formatPayload(Buffer.from(payload_base64, "base64"), payload_is_cut === true),
    );
  }
  return `${lines.join("\n")}\n`;
}

function toRow({ position, subject, letter }: StoredLetter): string[] {
  const failedAtMs = Date.parse(letter.failed_at);
  return [
    String(position),
    Number.isNaN(failedAtMs) ? letter.failed_at : formatMoment(failedAtMs),
    projectOfDeadSubject(subject) ?? "-",
    cut(fieldOf(letter.event, "event_type")),
    cut(fieldOf(letter.event, "user_id")),
    letter.reason,
  ];
}

/** So that the reason has room beside them. */
function cut(text: string | undefined): string {
  if (text === undefined) return "-";
  return text.length > 24 ? `${[...text].slice(0, 23).join("")}…` : text;
}

function formatPayload(payload: Buffer, isCut: boolean): string[] {
  const notes = [
    `${payload.length} bytes`,
    ...(isCut ? ["cut"] : []),
    ...(isUtf8(payload) ? [] : ["not UTF-8"]),
  ];
  return [`payload (${notes.join(", ")})`, toPrintableLines(payload.toString())];
}

function toPrintableLines(text: string): string {
  return text.split("\n").map(toPrintable).join("\n");
}
