/** What JetStream answers instead of an acknowledgement. */
export type JetStreamError = {
  /** As in HTTP. */
  readonly code: number;
  /** The codes of nats-server's server/errors.json; some answers have none. */
  readonly err_code?: number;
  readonly description: string;
};

const STORE_FAILED = 10_077;
const INSUFFICIENT_RESOURCES = 10_023;
const INSUFFICIENT_MEMORY = 10_028;
const INSUFFICIENT_STORAGE = 10_047;
const DUPLICATE_IN_PROCESS = 10_158;
const TOO_MANY_REQUESTS = 10_167;

/**
 * Whether the stream does not take the message: it is full, or the message is at fault. Every other error tells of a server without
 * a leader, without a majority or about to stop, which waiting mends.
 */
export function isRefusal(error: JetStreamError): boolean {
  switch (error.err_code) {
    case STORE_FAILED:
      // A server that shuts down says "store is closed" and the like.
      return !error.description.includes("closed");
    case INSUFFICIENT_RESOURCES:
    case INSUFFICIENT_MEMORY:
    case INSUFFICIENT_STORAGE:
      return true;
    case DUPLICATE_IN_PROCESS:
    case TOO_MANY_REQUESTS:
      return false;
    default:
      return error.code >= 400 && error.code < 500;
  }
}

/** Whether JetStream has seen the message id before, and has not stored the message that carried it. */
export function isDuplicateInProcess(error: JetStreamError): boolean {
  return error.err_code === DUPLICATE_IN_PROCESS;
}
