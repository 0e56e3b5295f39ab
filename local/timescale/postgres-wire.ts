// The few parts of the PostgreSQL wire protocol (version 3) that a server needs which hands the messages of its clients to a
// real backend: cutting the byte stream into messages, reading the startup packet, and building the replies a backend in
// single-user mode does not send itself. https://www.postgresql.org/docs/17/protocol-message-formats.html

/** Message types are compared as numbers: they are the first byte of every message. */
export const MESSAGE = {
  bind: 0x42,
  close: 0x43,
  commandComplete: 0x43,
  copyData: 0x64,
  copyDone: 0x63,
  copyFail: 0x66,
  dataRow: 0x44,
  describe: 0x44,
  error: 0x45,
  execute: 0x45,
  flush: 0x48,
  functionCall: 0x46,
  parse: 0x50,
  password: 0x70,
  query: 0x51,
  readyForQuery: 0x5a,
  sync: 0x53,
  terminate: 0x58,
} as const;

/** Transaction status in ReadyForQuery: idle, in a transaction, in a failed transaction. */
export const STATUS = { idle: 0x49, inTransaction: 0x54, failed: 0x45 } as const;

const HEADER_BYTES = 5;
const LENGTH_BYTES = 4;
const MAX_STARTUP_BYTES = 10_000; // as PostgreSQL's MAX_STARTUP_PACKET_LENGTH
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;

/** What a client did is not the protocol; the connection cannot go on. */
export class ProtocolViolation extends Error {
  override name = "ProtocolViolation";
}

export type Startup =
  | { kind: "encryption" }
  | { kind: "cancel" }
  | { kind: "startup"; minorVersion: number; parameters: Map<string, string> };

/**
 * Cuts the bytes of one client into messages. Chunks are joined only once the message they belong to is complete, so that a
 * message of several megabytes is copied once and not once per chunk.
 */
export class MessageReader {
  #chunks: Buffer[] = [];
  #size = 0;
  #needed = LENGTH_BYTES;
  #untyped = true;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** The untyped first packet of a connection; after `startup` all messages carry a type. */
  readStartup(): Startup | undefined {
    const packet = this.#take(0, MAX_STARTUP_BYTES);
    if (packet === undefined) return undefined;
    if (packet.length < 8) throw new ProtocolViolation("Cannot read startup packet: too short");
    const code = packet.readInt32BE(4);
    if (code === SSL_REQUEST || code === GSS_REQUEST) return { kind: "encryption" };
    if (code === CANCEL_REQUEST) return { kind: "cancel" };
    if (code >>> 16 !== 3) {
      throw new ProtocolViolation(
        `Cannot speak frontend protocol: ${code >>> 16}.${code & 0xffff}`,
      );
    }
    this.#untyped = false;
    this.#needed = HEADER_BYTES;
    const fields = packet.toString("utf8", 8).split("\0");
    const parameters = new Map<string, string>();
    for (let index = 0; index + 1 < fields.length && fields[index] !== ""; index += 2) {
      parameters.set(fields[index] ?? "", fields[index + 1] ?? "");
    }
    return { kind: "startup", minorVersion: code & 0xffff, parameters };
  }

  /** The next whole message, type and length included, or undefined until more bytes arrive. */
  readMessage(): Buffer | undefined {
    return this.#take(1, MAX_MESSAGE_BYTES);
  }

  #take(typeBytes: number, maxBytes: number): Buffer | undefined {
    if (this.#size < this.#needed) return undefined;
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#size)];
    const buffered = this.#chunks[0];
    if (buffered === undefined) return undefined;
    const length = buffered.readInt32BE(typeBytes);
    if (length < LENGTH_BYTES || length > maxBytes) {
      throw new ProtocolViolation(`Cannot read message: its length is ${length}`);
    }
    const end = typeBytes + length;
    if (this.#size < end) {
      this.#needed = end;
      return undefined;
    }
    this.#needed = this.#untyped ? LENGTH_BYTES : HEADER_BYTES;
    this.#size -= end;
    this.#chunks = this.#size > 0 ? [buffered.subarray(end)] : [];
    return buffered.subarray(0, end);
  }
}

/** Calls `visit` for each message in bytes that hold whole messages, as a backend's answer does. */
export function eachMessage(
  bytes: Uint8Array,
  visit: (type: number, start: number, end: number) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset + HEADER_BYTES <= bytes.length; ) {
    const end = offset + 1 + view.getInt32(offset + 1);
    visit(view.getUint8(offset), offset + HEADER_BYTES, end);
    offset = end;
  }
}

export function message(type: number, ...parts: Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, LENGTH_BYTES);
  return Buffer.concat([header(type, length), ...parts], length + 1);
}

/** Type and length of a message whose body is written separately. */
export function header(type: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES);
  bytes[0] = type;
  bytes.writeInt32BE(length, 1);
  return bytes;
}

export function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

export function query(sql: string): Buffer {
  return message(MESSAGE.query, cString(sql));
}

export const SYNC = message(MESSAGE.sync);

export function closeStatement(name: string): Buffer {
  return message(MESSAGE.close, Buffer.from("S"), cString(name));
}

export function errorResponse(severity: "ERROR" | "FATAL", code: string, text: string): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${text}`].map(cString);
  return message(MESSAGE.error, ...fields, Buffer.from([0]));
}

/** Everything a server says between the startup packet and the first query. */
export function greeting(
  parameters: Record<string, string>,
  key: { processId: number; secret: number },
  minorVersion: number,
): Buffer {
  const numbers = Buffer.alloc(8);
  numbers.writeInt32BE(key.processId, 0);
  numbers.writeInt32BE(key.secret, 4);
  return Buffer.concat([
    // NegotiateProtocolVersion: the newest minor version spoken here is 0, and no option is unknown.
    ...(minorVersion > 0 ? [message(0x76, Buffer.alloc(8))] : []),
    message(0x52, Buffer.alloc(4)), // AuthenticationOk
    ...Object.entries(parameters).map(([name, value]) =>
      message(0x53, cString(name), cString(value)),
    ),
    message(0x4b, numbers), // BackendKeyData
    message(MESSAGE.readyForQuery, Buffer.from([STATUS.idle])),
  ]);
}
