import { HTTP_CASES } from "../corpus/http-cases.ts";
import type { HttpClient } from "../http/http-client.ts";
import { judgeExchange } from "../http/judge-exchange.ts";
import { runSlowCases } from "../http/run-slow-cases.ts";
import { slowCase } from "../http/slow-case.ts";
import type { Tally } from "../tally.ts";
import { WORKER_TOKEN } from "./worker-parts.ts";

/** Broken HTTP, and slow clients, at the worker. */
export async function runOddities(
  client: HttpClient,
  secrets: readonly string[],
  tally: Tally,
  withSlowClients: boolean,
): Promise<void> {
  const slow = runSlowCases(withSlowClients ? slowCases() : [], client, secrets, tally);
  const parts = { writeKey: WORKER_TOKEN, readKey: WORKER_TOKEN, event: "{}" };
  for (const { name, toWire } of HTTP_CASES) {
    const wire = toWire(parts);
    const exchange = await client.exchange(wire, TIMEOUT_MS);
    const [answer] = exchange.answers;
    tally.count("broken HTTP", answer === undefined ? exchange.end : String(answer.status));
    const sent = Buffer.concat(wire.parts.map(({ bytes }) => bytes)).toString();
    const judged = { exchange, method: wire.method, sent, isBroken: true, secrets };
    const fault = judgeExchange(judged);
    if (fault !== undefined) tally.fault({ kind: "broken HTTP", text: `${name}: ${fault}` });
  }
  await slow;
}

const TIMEOUT_MS = 30_000;

function slowCases() {
  const post = (token: string, framing: string) =>
    `POST /query HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n${framing}\r\n\r\n`;
  const long = "content-length: 100";
  return [
    slowCase("a body a byte a second", post(WORKER_TOKEN, long), '{"re', 408),
    slowCase("chunks a byte a second", post(WORKER_TOKEN, "transfer-encoding: chunked"), "5", 408),
    slowCase("no body at all", post(WORKER_TOKEN, long), "", 408),
    slowCase("a body after a wrong token", post("guess", long), "{", 401),
    slowCase("a head a byte a second", "GET /healthz HTTP/1.1\r\n", "host"),
    slowCase("a head that has only begun", "G", ""),
  ];
}
