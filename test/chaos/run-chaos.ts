import { setTimeout as delay } from "node:timers/promises";
import { type ChaosStack, startChaosStack } from "./chaos-stack.ts";
import { type Clients, startClients } from "./clients.ts";
import { injectFault } from "./inject-fault.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { createObserver, type Observer } from "./observer.ts";
import { probeRecovery } from "./probe.ts";
import { createRandom } from "./random.ts";
import { createSchedule, describeFault, type Fault } from "./schedule.ts";
import { judge, type Verdict } from "./verdict.ts";

export type ChaosOptions = {
  readonly seed: number;
  readonly faultsPerKind: number;
  /** Events to acknowledge at least; the load goes on until both they and the faults are through. */
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly clients: number;
  /** `kind:target` each; empty for all. */
  readonly only: readonly string[];
  readonly overlap: number;
  readonly say: (line: string) => void;
};

export type FaultReport = {
  readonly fault: Fault;
  /** From the fault's end until an event posted then was acknowledged, and until it was stored. */
  readonly acceptedMs: number;
  readonly storedMs: number;
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
/** A drain that stores nothing for so long has come to its end. */
const STALLED_MS = 45_000;

/** One run: start everything, post, do harm, heal, wait until all is stored, compare. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const startedMs = Date.now();
  const stack = await startChaosStack({
    // Of a part that fails to start only what happened, not its log.
    say: (line) => options.say(`  ${line.split("\n", 1)[0]}`),
  });
  const observer = createObserver(stack);
  try {
    const report = await run(options, stack, observer);
    return { ...report, seconds: Math.round((Date.now() - startedMs) / 1_000) };
  } finally {
    await observer.close();
    await stack.stop();
  }
}

async function run(
  options: ChaosOptions,
  stack: ChaosStack,
  observer: Observer,
): Promise<Omit<ChaosReport, "seconds">> {
  const { seed, faultsPerKind, only, overlap, say } = options;
  const schedule = createSchedule({
    seed,
    faultsPerKind,
    parts: stack.parts,
    links: [...stack.links.keys()],
    only,
    overlap,
  });
  say(`seed ${seed}: ${schedule.length} faults`);
  const ledger = createLedger();
  const { clients: count, eventsPerSecond } = options;
  const random = createRandom(seed + 1);
  const clients = startClients({ stack, ledger, random, clients: count, eventsPerSecond });
  await delay(CALM_MS);

  const faults = await injectAll(schedule, stack, ledger, observer, say);
  while (ledger.acknowledged.size < options.events) await delay(100);
  say(`faults are over, ${ledger.acknowledged.size} events acknowledged; draining`);
  await clients.stop();
  const drainMs = await drain(ledger, observer);
  return { seed, drainMs, ...(await compare(ledger, clients, observer)), faults };
}

/** Each fault after the one before and its recovery, or, where it overlaps, while that one lasts. */
async function injectAll(
  schedule: readonly Fault[],
  stack: ChaosStack,
  ledger: Ledger,
  observer: Observer,
  say: (line: string) => void,
): Promise<FaultReport[]> {
  const reports: Promise<FaultReport>[] = [];
  let before: Promise<unknown> = Promise.resolve();
  for (const [index, fault] of schedule.entries()) {
    if (!fault.overlaps) await before;
    await delay(fault.pauseMs);
    say(`${index + 1}/${schedule.length} ${describeFault(fault)}`);
    const recovering = injectFault(fault, stack).then(() => probeRecovery(stack, ledger, observer));
    before = recovering;
    reports.push(
      recovering.then(async ({ acceptedMs, storedMs }) => ({
        fault,
        acceptedMs,
        storedMs: await storedMs,
      })),
    );
  }
  return Promise.all(reports);
}

/** Until all that was acknowledged is stored, or nothing more gets stored. Answers how long that took. */
async function drain(ledger: Ledger, observer: Observer): Promise<number> {
  const startedMs = Date.now();
  let stored = -1;
  let changedMs = startedMs;
  while (stored < ledger.acknowledged.size && Date.now() - changedMs < STALLED_MS) {
    await delay(200);
    const now = await observer.countStored().catch(() => stored);
    if (now !== stored) changedMs = Date.now();
    stored = now;
  }
  return Date.now() - startedMs;
}

async function compare(ledger: Ledger, clients: Clients, observer: Observer) {
  const deadLetters = await observer.countDeadLetters();
  const verdict = judge({
    sent: ledger.sent,
    acknowledged: ledger.acknowledged,
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
