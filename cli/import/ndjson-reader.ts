import { isUtf8 } from "node:buffer";
import { MAX_EVENT_BYTES } from "../../contract/limits.ts";
import type { Rejection } from "../../contract/rejection.ts";
import type { Line, LineReader } from "./line.ts";

/** A longer line is never held: no event needs it, even with every character written as an escape. */
const MAX_LINE_BYTES = 1024 * 1024;
/** What the rejects file shows of a line that is not held. */
const SHOWN_BYTES = 1024;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const OPENING_BRACE = 0x7b;

/** Cuts NDJSON into lines without parsing them. Blank lines are counted and left out, as the server leaves them out. */
export class NdjsonReader implements LineReader {
  #number = 0;
  #parts: Buffer[] = [];
  /** Of the unfinished line, all of them; `#parts` stops growing at MAX_LINE_BYTES. */
  #bytes = 0;

  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, start);
      if (newline === -1) break;
      if (newline === start && this.#bytes === 0) {
        // Nothing: a file may have millions of them.
        this.#number++;
        start++;
        continue;
      }
      this.#append(chunk.subarray(start, newline));
      this.#finishLine(lines);
      start = newline + 1;
    }
    if (start < chunk.length) this.#append(chunk.subarray(start));
    return lines;
  }

  end(): Line[] {
    const lines: Line[] = [];
    if (this.#bytes > 0) this.#finishLine(lines);
    return lines;
  }

  #append(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes <= MAX_LINE_BYTES) this.#parts.push(part);
    else if (this.#parts.length > 1 || this.#parts.length === 0) {
      const start = Buffer.concat([...this.#parts, part.subarray(0, SHOWN_BYTES)]);
      this.#parts = [Buffer.from(start.subarray(0, SHOWN_BYTES))];
    }
  }

  #finishLine(lines: Line[]): void {
    const [only] = this.#parts;
    const whole =
      this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
    const totalBytes = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    this.#number++;
    if (totalBytes > MAX_LINE_BYTES) {
      const detail = `The line has ${totalBytes} bytes; an event may have ${MAX_EVENT_BYTES}. Only its start is shown`;
      const rejection: Rejection = { code: "event_too_large", pointer: "", detail };
      lines.push({
        number: this.#number,
        bytes: Buffer.from(whole.subarray(0, SHOWN_BYTES)),
        rejection,
      });
      return;
    }
    const bytes = trimLine(whole, this.#number === 1);
    if (isBlank(bytes)) return;
    const rejection = checkLine(bytes);
    lines.push({ number: this.#number, bytes, ...(rejection === undefined ? {} : { rejection }) });
  }
}

function trimLine(line: Buffer, isFirst: boolean): Buffer {
  const hasMark = isFirst && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf;
  const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
  return line.subarray(hasMark ? 3 : 0, end);
}

/** Exactly what the server leaves out when it numbers the events of a request: a difference would shift its answers. */
function isBlank(line: Buffer): boolean {
  return line[0] !== OPENING_BRACE && line.toString("utf8").trim() === "";
}

/** What the server would refuse the whole request for, or refuse anyway after a long way. */
function checkLine(line: Buffer): Rejection | undefined {
  if (!isUtf8(line)) {
    return { code: "invalid_json", pointer: "", detail: "The line is not UTF-8" };
  }
  return line.length > MAX_EVENT_BYTES ? checkSize(line) : undefined;
}

/** The limit is on the canonical JSON, which blanks and escapes do not lengthen. */
function checkSize(line: Buffer): Rejection | undefined {
  let canonical: string;
  try {
    canonical = JSON.stringify(JSON.parse(line.toString("utf8")));
  } catch {
    return { code: "invalid_json", pointer: "", detail: "The line is not JSON" };
  }
  const bytes = Buffer.byteLength(canonical);
  if (bytes <= MAX_EVENT_BYTES) return undefined;
  const detail = `The event takes ${bytes} bytes as JSON, more than ${MAX_EVENT_BYTES}`;
  return { code: "event_too_large", pointer: "", detail };
}
