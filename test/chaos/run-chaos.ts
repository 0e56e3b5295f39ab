import { setTimeout as delay } from "node:timers/promises";
import type { EdgeRuntime } from "../../local/edge-part.ts";
import { poll } from "../support/poll.ts";
import { type ChaosStack, createChaosStack } from "./chaos-stack.ts";
import { type Clients, startClients } from "./clients.ts";
import { drain } from "./drain.ts";
import { injectFault } from "./inject-fault.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { createObserver, type Observer } from "./observer.ts";
import { probeRecovery } from "./probe.ts";
import { createRandom } from "./random.ts";
import {
  createSchedule,
  describeFault,
  type Fault,
  NATS_LEADER,
  parseSequence,
} from "./schedule.ts";
import { isClean, judge, type Verdict } from "./verdict.ts";

export type ChaosOptions = {
  readonly seed: number;
  readonly faultsPerKind: number;
  /** Events to acknowledge at least; the load goes on until both they and the faults are through. */
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly clients: number;
  /** See {@link parseSequence}; undefined for a schedule drawn from the seed. */
  readonly sequence: string | undefined;
  readonly overlap: number;
  /** 1, or as many as a cluster has. */
  readonly natsNodes: number;
  readonly edge: EdgeRuntime;
  /** Leaves the data and the logs of a run that found something. */
  readonly keepsData: boolean;
  /** Ends the run before its time. */
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
};

export type FaultReport = {
  readonly fault: Fault;
  /** From the fault's end until an event posted then was acknowledged, and until it was stored, if it ever was. */
  readonly acceptedMs: number;
  readonly storedMs: number | undefined;
};

export type ChaosReport = Verdict & {
  readonly seed: number;
  readonly acknowledged: number;
  readonly repeats: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly faults: readonly FaultReport[];
  readonly strange: readonly string[];
  readonly deadLetters: number;
  readonly drainMs: number;
  readonly seconds: number;
};

const CALM_MS = 2_000;
/** Without faults every event is acknowledged at once: clients that get nowhere for so long never will. */
const STANDSTILL_MS = 120_000;

/**
 * One run: start everything, post, do harm, heal, wait until all is stored, compare.
 * @throws {SequenceError} before anything is started
 * @throws {InterruptedError} when `stop` aborts, with all parts ended
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const startedMs = Date.now();
  const stack = await createChaosStack({
    natsNodes: options.natsNodes,
    edge: options.edge,
    // Of a part that fails to start only what happened, not its log.
    say: (line) => options.say(`  ${line.split("\n", 1)[0]}`),
  });
  const observer = createObserver(stack);
  let keepsData = options.keepsData;
  try {
    const schedule = scheduleFor(options, stack);
    const report = await Promise.race([
      stack.start().then(() => run(options, schedule, stack, observer)),
      interruption(options.stop),
    ]);
    keepsData &&= !isClean(report);
    return { ...report, seconds: Math.round((Date.now() - startedMs) / 1_000) };
  } finally {
    await observer.close();
    await stack.stop({ keepsData });
    if (keepsData) options.say(`data and logs are in ${stack.dataDir}`);
  }
}

export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

function interruption(stop: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    stop.addEventListener("abort", () => reject(new InterruptedError("Cannot finish: stopped")));
  });
}

function scheduleFor(options: ChaosOptions, stack: ChaosStack): Fault[] {
  const { seed, faultsPerKind, sequence, overlap } = options;
  const links = [...stack.links.keys()];
  // A cluster is put to the test by what happens to its leader.
  const drawn = stack.parts.map((name) => (name.startsWith("nats-") ? NATS_LEADER : name));
  const named = [...new Set([...stack.parts, ...drawn])];
  return createSchedule({
    seed,
    faultsPerKind,
    parts: drawn,
    links,
    sequence: sequence === undefined ? [] : parseSequence(sequence, named, links),
    overlap,
  });
}

async function run(
  options: ChaosOptions,
  schedule: readonly Fault[],
  stack: ChaosStack,
  observer: Observer,
): Promise<Omit<ChaosReport, "seconds">> {
  const { seed, eventsPerSecond, say } = options;
  say(`seed ${seed}: ${schedule.length} faults`);
  const ledger = createLedger();
  const clients = startClients({
    stack,
    ledger,
    random: createRandom(seed + 1),
    clients: options.clients,
    eventsPerSecond,
  });
  const over = new AbortController();
  try {
    await delay(CALM_MS);
    const faults = await injectAll(schedule, { stack, ledger, observer, say }, over.signal);
    await untilAcknowledged(ledger, options.events);
    say(`faults are over, ${ledger.acknowledged.size} events acknowledged; draining`);
    await clients.stop();
    const { drainMs, isDrained } = await drain(observer);
    if (!isDrained) say("it does not drain: what is missing may still come");
    over.abort();
    const comparison = await compare(ledger, clients, observer);
    return { seed, drainMs, ...comparison, faults: await Promise.all(faults) };
  } finally {
    over.abort();
    clients.abandon();
  }
}

type Scene = {
  readonly stack: ChaosStack;
  readonly ledger: Ledger;
  readonly observer: Observer;
  readonly say: (line: string) => void;
};

/** Each fault after the one before and its recovery, or, where it overlaps, while that one lasts. Resolves when all are over. */
async function injectAll(
  schedule: readonly Fault[],
  { stack, ledger, observer, say }: Scene,
  over: AbortSignal,
): Promise<Promise<FaultReport>[]> {
  const reports: Promise<FaultReport>[] = [];
  let before: Promise<unknown> = Promise.resolve();
  const injected: Promise<unknown>[] = [];
  for (const [index, fault] of schedule.entries()) {
    if (!fault.overlaps) await before;
    await delay(fault.pauseMs);
    const target = fault.target === NATS_LEADER ? await findLeader(observer) : fault.target;
    say(`${index + 1}/${schedule.length} ${describeFault({ ...fault, target })}`);
    const recovering = injectFault({ ...fault, target }, stack).then(() =>
      probeRecovery(stack, ledger, observer, over),
    );
    const report = recovering.then(async ({ acceptedMs, storedMs }) => ({
      fault,
      acceptedMs,
      storedMs: await storedMs,
    }));
    // Whoever awaits them hears of an error.
    for (const promise of [recovering, report]) promise.catch(() => {});
    before = recovering;
    injected.push(recovering);
    reports.push(report);
  }
  await Promise.all(injected);
  return reports;
}

function findLeader(observer: Observer): Promise<string> {
  return poll("the leader of the stream", () => observer.readStreamLeader(), STANDSTILL_MS);
}

async function untilAcknowledged(ledger: Ledger, events: number): Promise<void> {
  let count = 0;
  let changedMs = Date.now();
  while (ledger.acknowledged.size < events) {
    if (ledger.acknowledged.size > count) changedMs = Date.now();
    count = ledger.acknowledged.size;
    if (Date.now() - changedMs > STANDSTILL_MS) {
      throw new Error(`Cannot go on: nothing was acknowledged for ${STANDSTILL_MS / 1_000} s`);
    }
    await delay(100);
  }
}

async function compare(ledger: Ledger, clients: Clients, observer: Observer) {
  const deadLetters = await observer.countDeadLetters();
  const verdict = judge({
    sent: ledger.sent,
    acknowledged: ledger.acknowledged,
    refused: ledger.refused,
    stored: await observer.readStored(),
    deadLetters,
    strangeAnswers: clients.strange.length,
  });
  return {
    ...verdict,
    acknowledged: ledger.acknowledged.size,
    repeats: clients.repeats,
    answers: Object.fromEntries(clients.answers),
    strange: clients.strange.slice(0, 10),
    deadLetters,
  };
}
