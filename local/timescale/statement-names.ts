import { closeStatement, cString, header, ProtocolViolation } from "./postgres-wire.ts";

/** Keeps the prepared statements of one session apart from those of others that have the same names. */
export interface StatementNames {
  /** The message with the statement's name that starts at `start` replaced; the rest, however large, is not copied. */
  rename(bytes: Buffer, start: number): Uint8Array[];
  /** The messages that close all of them. */
  closeAll(): Buffer[];
}

export function createStatementNames(prefix: string): StatementNames {
  /** The client's names -> the names in the backend. */
  const names = new Map<string, string>();

  function backendName(name: string): string {
    let known = names.get(name);
    if (known === undefined) {
      known = `${prefix}_${names.size + 1}`;
      names.set(name, known);
    }
    return known;
  }

  return {
    rename(bytes, start) {
      const end = endOfName(bytes, start);
      // The unnamed statement.
      if (end === start + 1) return [bytes];
      const name = cString(backendName(bytes.toString("utf8", start, end - 1)));
      const lengthChange = name.length - (end - start);
      const newHeader = header(bytes[0] ?? 0, bytes.readInt32BE(1) + lengthChange);
      return [newHeader, bytes.subarray(5, start), name, bytes.subarray(end)];
    },
    closeAll: () => [...names.values()].map(closeStatement),
  };
}

/** The position behind the terminator of the string that starts at `start`. */
export function endOfName(bytes: Buffer, start: number): number {
  const terminator = bytes.indexOf(0, start);
  if (terminator === -1) throw new ProtocolViolation("Cannot read message: a string has no end");
  return terminator + 1;
}
