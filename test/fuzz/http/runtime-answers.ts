import type { HttpAnswer } from "./http-answer.ts";

/**
 * How the HTTP servers in front of the code answer what is no HTTP, by themselves: the code never sees it. workerd's and Node's; at
 * Cloudflare its own front does the same. Only requests that break the protocol may be answered so.
 */
const RUNTIME_ANSWERS: readonly (readonly [status: number, text: RegExp])[] = [
  // workerd: a request line, header or length that cannot be read.
  [400, /^(?:invalid [\w -]+(?: parsed)?|Bad Request|ERROR: [\w .,']+)$/],
  // workerd: a method that is none of HTTP's.
  [501, /^ERROR: Unrecognized request method\.$/],
  // workerd: CONNECT, which no Worker takes.
  [500, /^Internal Server Error$/],
  // workerd: a request line or a head that is too long.
  [414, /^URI too long$/],
  [431, /^(?:ERROR: [\w .,']+|message head is too large)?$/],
  // Node: llhttp refuses the bytes, headers are too large, the request did not come in time.
  [400, /^$/],
  [408, /^$/],
  [413, /^$/],
  [417, /^$/],
];

export function isRuntimeAnswer({ status, body }: HttpAnswer): boolean {
  const text = body.toString("latin1");
  return RUNTIME_ANSWERS.some(([known, pattern]) => known === status && pattern.test(text));
}
