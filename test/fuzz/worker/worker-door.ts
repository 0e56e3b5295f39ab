import { setTimeout as delay } from "node:timers/promises";
import type { Event } from "../../../contract/event.ts";
import { HTTP_LIMITS } from "../../../worker/http/limits.ts";
import { residentMiBOf } from "../../bench/process-usage.ts";
import { type Door, sharesOf } from "../door.ts";
import { workerPlan } from "../generators/worker-plans.ts";
import { createHttpClient, type HttpClient } from "../http/http-client.ts";
import { type Header, toWire } from "../http/http-request.ts";
import { judgeExchange } from "../http/judge-exchange.ts";
import { runLanes } from "../lanes.ts";
import { createTally, type Tally } from "../tally.ts";
import { runOddities } from "./run-oddities.ts";
import { startWorkerParts, WORKER_TOKEN, type WorkerParts } from "./worker-parts.ts";
import { KNOWN_ID, MARKS, WORKER_PROJECTS, type WorkerPlan } from "./worker-plan.ts";

/** The worker's HTTP, against a real worker with PostgreSQL. */
export const workerDoor: Door = async (options) => {
  const startedMs = Date.now();
  const parts = await startWorkerParts();
  const client = createHttpClient(Number(new URL(parts.worker.url).port));
  const tally = createTally((fault) => options.say(`fault: ${fault.kind}: ${fault.text}`));
  try {
    await storeEvents(parts);
    const rowsBefore = await countRows(parts);
    const beforeMiB = residentMiBOf(parts.worker.pid);
    const oddities = runOddities(client, secretsOf(parts), tally, options.withSlowClients);
    for (const share of sharesOf(options)) {
      await runLanes({
        ...options,
        ...share,
        cases: workerPlan,
        tally,
        attempt: (plan) => send(plan, { client, tally, parts }),
        probe: () => send(PLAIN, { client, tally, parts }),
      });
    }
    await oddities;
    const afterMiB = residentMiBOf(parts.worker.pid);
    const rowsAfter = await countRows(parts);
    if (rowsBefore !== rowsAfter) {
      tally.fault({ kind: "stored rows", text: `${rowsBefore} before, ${rowsAfter} after` });
    }
    if (parts.worker.hasExited) tally.fault({ kind: "worker", text: "it has ended" });
    if (afterMiB > MAX_RESIDENT_MIB) tally.fault({ kind: "memory", text: `${afterMiB} MiB` });
    const seconds = (Date.now() - startedMs) / 1_000;
    const notes = [`worker in MiB: ${beforeMiB} before, ${afterMiB} after`];
    return { door: "worker", seeds: options.seeds, tally, seconds, notes };
  } finally {
    client.close();
    await parts.stop();
  }
};

/** A body is at most 1 MiB, and a few at a time are read; Node's heap may double before it is collected. */
const MAX_RESIDENT_MIB = 512;
const TIMEOUT_MS = 30_000;
const ATTEMPTS = 6;
const PAUSE_MS = 300;

const PLAIN: WorkerPlan = {
  kind: "plain",
  method: "POST",
  path: "/query",
  token: "right",
  headers: [],
  body: JSON.stringify({ read: "event", project_id: "fuzz-left", event_id: `${KNOWN_ID}1` }),
};

type Sending = { readonly client: HttpClient; readonly tally: Tally; readonly parts: WorkerParts };

async function send(
  plan: WorkerPlan,
  { client, tally, parts }: Sending,
): Promise<string | undefined> {
  const wire = toWire({
    method: plan.method,
    target: plan.path,
    headers: [...authorization(plan), ...plan.headers],
    body: plan.body === undefined ? undefined : Buffer.from(plan.body),
    framing: plan.framing,
  });
  const sent = Buffer.concat(wire.parts.map(({ bytes }) => bytes)).toString();
  for (let attempt = 1; ; attempt += 1) {
    const exchange = await client.exchange(wire, TIMEOUT_MS);
    const [answer] = exchange.answers;
    tally.count(plan.kind, answer === undefined ? exchange.end : String(answer.status));
    const isTooLong = sent.indexOf("\r\n\r\n") > HTTP_LIMITS.maxHeadBytes - 1_024;
    const isBroken = !wire.isWhole || isTooLong || !URI_CHARACTERS.test(plan.path);
    const secrets = secretsOf(parts);
    const fault = judgeExchange({ exchange, method: plan.method, sent, isBroken, secrets });
    if (fault !== undefined || answer === undefined) return fault;
    if (plan.token !== "right" && answer.status < 300 && !plan.path.endsWith("z")) {
      return `${answer.status} without the token`;
    }
    const leak = leakOf(plan, answer.body.toString("latin1"));
    if (leak !== undefined) return leak;
    if (answer.status !== 503 && answer.status !== 504) return undefined;
    // Who says that it waits for a millisecond only is answered so.
    if (answer.status === 504 && !/"timeout_ms":9000/.test(plan.body ?? "")) return undefined;
    if (attempt === ATTEMPTS) return `${answer.status} ${attempt} times: ${answer.body}`;
    await delay(PAUSE_MS * attempt);
  }
}

function secretsOf({ database, nats }: WorkerParts): string[] {
  return [WORKER_TOKEN, database.url, String(nats.port)];
}

const URI_CHARACTERS = /^[\w\-.~:/?#[\]@!$&'()*+,;=%]*$/;

function authorization({ token }: WorkerPlan): Header[] {
  if (token === "none") return [];
  return [["authorization", `Bearer ${token === "right" ? WORKER_TOKEN : token.text}`]];
}

/** What is another project's than the one that is asked for. */
function leakOf(plan: WorkerPlan, answer: string): string | undefined {
  const asked = `${plan.path} ${plan.body ?? ""}`;
  const leaked = WORKER_PROJECTS.find(
    (id) => !asked.includes(id) && answer.includes(MARKS[id] ?? id),
  );
  return leaked === undefined ? undefined : `it tells what project ${leaked} has`;
}

async function storeEvents({ publisher }: WorkerParts): Promise<void> {
  for (const id of WORKER_PROJECTS) {
    const events = Array.from(
      { length: 9 },
      (_, index): Event => ({
        event_id: `${KNOWN_ID}${index}`,
        occurred_at: `2024-02-29T12:00:0${index}.000Z`,
        event_type: index % 2 === 0 ? "view" : "buy",
        user_id: `u${index % 3}`,
        properties: { mark: MARKS[id], n: index },
      }),
    );
    await publisher.publish(id, events);
  }
  await publisher.waitUntilDrained();
}

async function countRows({ sql }: WorkerParts): Promise<number> {
  const [row] = await sql<{ rows: number }[]>`select count(*)::int as rows from events`;
  return row?.rows ?? 0;
}
