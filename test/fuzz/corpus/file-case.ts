/** A file as a user might give it to `sluice import`, or as an enemy might give it to the user. */
export type FileCase = {
  readonly name: string;
  /** Its name on disk, which tells its format. */
  readonly fileName: string;
  readonly content: () => Buffer | Promise<Buffer>;
  readonly args?: readonly string[];
  /** Events that have to be stored, where that is certain. */
  readonly accepted?: number;
  /** The text that the command has to say, where that is certain. */
  readonly says?: string;
};

let count = 0;

/** A line with an event that is fine. */
export function eventLine(): string {
  count += 1;
  const id = `0190a0a0-0000-7000-8000-${count.toString(16).padStart(12, "0")}`;
  return `{"event_id":"${id}","occurred_at":"2024-02-29T12:00:00Z","event_type":"file","user_id":"u${count % 7}"}`;
}

export function eventLines(lines: number): string {
  return Array.from({ length: lines }, () => `${eventLine()}\n`).join("");
}
