import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EdgeRuntime } from "../../../local/edge-part.ts";
import type { Secrets } from "../../../local/secrets.ts";
import { type StackService, startStack } from "../../support/stack.ts";
import { type Door, type DoorOptions, type DoorReport, sharesOf } from "../door.ts";
import { edgePlan } from "../generators/edge-plans.ts";
import { createHttpClient, type HttpClient } from "../http/http-client.ts";
import { runSlowCases } from "../http/run-slow-cases.ts";
import { runLanes } from "../lanes.ts";
import { formatMemory, type Memory, readMemory } from "../memory.ts";
import { createTally, type Tally } from "../tally.ts";
import type { EdgePlan } from "./edge-plan.ts";
import { createFuzzProject } from "./fuzz-project.ts";
import { createLedger } from "./ledger.ts";
import { readRows } from "./read-rows.ts";
import { compareEvents, runCorpus, type SentEvents } from "./run-corpus.ts";
import { type Sending, type Side, sendPlan } from "./send-plan.ts";
import { slowCases } from "./slow-cases.ts";

/** Few enough that what one project has stored is read back, and compared, in a second. */
const ROUND_REQUESTS = 20_000;
/** Limits on what a project may send and ask, and what becomes of it while Redis is away, are put to the test elsewhere. */
const SETTINGS = {
  REDIS_TIMEOUT_MS: "10000",
  ...Object.fromEntries(
    ["EVENTS", "REQUESTS", "QUERY_UNITS"].flatMap((what) => [
      [`RATE_LIMIT_${what}_PER_SECOND`, "100000000"],
      [`RATE_LIMIT_BURST_${what}`, "100000000"],
    ]),
  ),
};
/**
 * What workerd may grow by from the second round on. Locally nothing bounds its heap but the garbage collector, which lets it grow well
 * beyond the 128 MB of an isolate at Cloudflare before it collects; a leak of 1 KB a request would be 1 GB in a million of them.
 */
const MAX_GROWTH_MIB = 400;

/** The edge over HTTP, on what it may run on, against the whole of Sluice as `npm start` runs it. */
export const edgeDoor: Door = (options) => fuzzEdge("workerd", options);
export const nodeEdgeDoor: Door = (options) => fuzzEdge("node", options);

async function fuzzEdge(runtime: EdgeRuntime, options: DoorOptions): Promise<DoorReport> {
  const startedMs = Date.now();
  const stack = await startStack({ env: SETTINGS, args: ["--edge", runtime] });
  const client = createHttpClient(Number(new URL(stack.edge_url).port));
  const tally = createTally((fault) => options.say(`fault: ${fault.kind}: ${fault.text}`));
  try {
    const notes = await runRounds(stack, client, tally, options);
    const seconds = (Date.now() - startedMs) / 1_000;
    return { door: `edge on ${runtime}`, seeds: options.seeds, tally, seconds, notes };
  } finally {
    client.close();
    await stack.stop();
  }
}

async function runRounds(
  stack: StackService,
  client: HttpClient,
  tally: Tally,
  options: DoorOptions,
): Promise<string[]> {
  const keys = await readSecrets(stack);
  const secrets = secretTexts(stack, keys);
  const slowClients = options.withSlowClients ? slowCases(createFuzzProject(keys.keySecret)) : [];
  const slow = runSlowCases(slowClients, client, secrets, tally);
  const memory: Memory[] = [readMemory(await stack.describe())];
  const totals = { accepted: 0, refused: 0, rows: 0 };
  let done = 0;
  for (const { seed, requests } of roundsOf(options)) {
    if (options.stop.aborted) break;
    const startedMs = Date.now();
    const sides: [Side, Side] = [createSide(keys), createSide(keys)];
    const round = { client, sides, secrets };
    const sentEvents = done === 0 ? await runCorpus(round, tally, options.concurrency) : new Map();
    await runRound(round, tally, { ...options, seed, requests });
    done += requests;
    const rate = Math.round((requests * 1_000) / (Date.now() - startedMs));
    for (const side of sides) {
      totals.rows += await compare(stack, side, sides, { sentEvents, tally });
      totals.accepted += side.ledger.accepted;
      totals.refused += side.ledger.refused;
    }
    memory.push(readMemory(await stack.describe()));
    const now = formatMemory(memory.at(-1) as Memory);
    options.say(`${done} of ${options.requests}, ${rate}/s; MiB: ${now}`);
  }
  await slow;
  judgeMemory(memory, tally);
  const [first, last] = [memory[0], memory.at(-1)] as [Memory, Memory];
  return [
    `accepted ${totals.accepted}, refused ${totals.refused}, rows compared ${totals.rows}`,
    `memory in MiB before: ${formatMemory(first)}`,
    `memory in MiB after:  ${formatMemory(last)}`,
  ];
}

/** No more requests in one than are compared in a second; each begins where no other one does. */
function roundsOf(options: DoorOptions): { readonly seed: number; readonly requests: number }[] {
  return sharesOf(options).flatMap(({ seed, requests }) =>
    Array.from({ length: Math.ceil(requests / ROUND_REQUESTS) }, (_, index) => {
      const done = index * ROUND_REQUESTS;
      return { seed: seed + done, requests: Math.min(ROUND_REQUESTS, requests - done) };
    }),
  );
}

type Round = Omit<Sending, "onOutcome">;

async function runRound(
  round: Round,
  tally: Tally,
  options: Pick<DoorOptions, "requests" | "concurrency" | "stop"> & { readonly seed: number },
): Promise<void> {
  const send = async (plan: EdgePlan) => {
    const onOutcome = (outcome: string) => tally.count(plan.kind, outcome);
    return sendPlan(plan, { ...round, onOutcome });
  };
  await runLanes({
    seed: options.seed,
    requests: options.requests,
    concurrency: options.concurrency,
    stop: options.stop,
    cases: edgePlan,
    tally,
    attempt: async (plan) => (await send(plan)).fault,
    async probe() {
      const { fault, answer } = await send(PLAIN_POST);
      if (fault !== undefined || answer?.status === 202) return fault;
      return `a plain event is answered ${answer?.status}: ${answer?.body}`;
    },
  });
}

/** What everybody sends, to see that it is served after all that others sent. */
const PLAIN_POST: EdgePlan = {
  kind: "plain",
  tenant: 0,
  method: "POST",
  path: "/v1/events",
  parameters: ["results=all"],
  key: { scope: "w", place: "header" },
  headers: [["content-type", "application/json"]],
  body: {
    text: '{"event_id":"@id@","occurred_at":"@now@","event_type":"plain","user_id":"@mark@"}',
  },
};

function createSide({ keySecret }: Secrets): Side {
  return { project: createFuzzProject(keySecret), ledger: createLedger() };
}

/** Compares what is stored with what the clients were told. Answers how many rows that were. */
async function compare(
  stack: StackService,
  { project, ledger }: Side,
  sides: readonly Side[],
  { sentEvents, tally }: { readonly sentEvents: SentEvents; readonly tally: Tally },
): Promise<number> {
  const rows = await readRows(stack.edge_url, project, (id) => sentEvents.has(id));
  const count = [...rows.counts.values()].reduce((sum, one) => sum + one, 0);
  const faults = [...ledger.compare(rows.counts), ...compareEvents(sentEvents, rows.wanted)];
  if (rows.total !== count) faults.push(`${count} rows are exported, and ${rows.total} counted`);
  for (const other of sides) {
    if (other.project !== project && rows.text.includes(other.project.mark)) {
      faults.push(`the export of ${project.id} holds what ${other.project.id} sent`);
    }
  }
  for (const fault of faults) tally.fault({ kind: "stored rows", text: fault });
  return count;
}

function judgeMemory(memory: readonly Memory[], tally: Tally): void {
  // The first round fills caches and makes the heaps as large as the work needs.
  const [before, after] = [memory[1], memory.at(-1)];
  if (before === undefined || after === undefined) return;
  for (const part of Object.keys(before) as (keyof Memory)[]) {
    const growth = after[part] - before[part];
    if (growth <= MAX_GROWTH_MIB) continue;
    tally.fault({ kind: "memory", text: `${part} grew by ${growth} MiB after the first round` });
  }
}

async function readSecrets({ dataDir }: StackService): Promise<Secrets> {
  return JSON.parse(await readFile(join(dataDir, "secrets.json"), "utf8")) as Secrets;
}

function secretTexts(stack: StackService, secrets: Secrets): string[] {
  const urls = [stack.worker_url, stack.database_url, stack.nats_url, stack.redis_url];
  const hosts = urls.filter((url) => url !== "").map((url) => new URL(url).host);
  return [...Object.values(secrets), stack.dataDir, ...hosts];
}
