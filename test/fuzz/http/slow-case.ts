import type { HttpClient } from "./http-client.ts";
import type { WirePart, WireRequest } from "./http-request.ts";
import { judgeExchange } from "./judge-exchange.ts";

/** A client that sends slowly, and then nothing more. */
export type SlowCase = {
  readonly name: string;
  readonly wire: WireRequest;
  /** Undefined: the server may also hang up. */
  readonly status: number | undefined;
};

const SECOND_MS = 1_000;
/** From the last byte on: what a client may have to wait for an answer, with some time for a busy machine. */
const ANSWER_MS = 45_000;

/** The head at once, and then a character a second. */
export function slowCase(name: string, head: string, drops: string, status?: number): SlowCase {
  const drip = [...drops].map((one): WirePart => ({ bytes: Buffer.from(one), pauseMs: SECOND_MS }));
  const parts = [{ bytes: Buffer.from(head) }, ...drip];
  return { name, wire: { method: "POST", parts, isWhole: false }, status };
}

/** How it was answered, and what is wrong with it. */
export async function sendSlowly(
  { name, wire, status }: SlowCase,
  client: HttpClient,
  secrets: readonly string[],
): Promise<{ readonly outcome: string; readonly fault: string | undefined }> {
  const exchange = await client.exchange(wire, wire.parts.length * SECOND_MS + ANSWER_MS);
  const [answer] = exchange.answers;
  const isBroken = status === undefined || answer?.status === status;
  const fault =
    judgeExchange({ exchange, method: wire.method, sent: "", isBroken, secrets }) ??
    (isBroken ? undefined : `${answer?.status}, not ${status}`);
  return {
    outcome: answer === undefined ? exchange.end : String(answer.status),
    fault: fault === undefined ? undefined : `${name}: ${fault}`,
  };
}
