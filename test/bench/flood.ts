import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Exchange, exchangePlainly, startPacedLoad } from "../support/paced-load.ts";
import { startStack } from "../support/stack.ts";
import { createStackClient, type StackClient } from "../support/stack-client.ts";
import { createBenchEvents } from "./bench-events.ts";
import type { FloodCounts, FloodOrder } from "./flood-sender.ts";
import { report } from "./report.ts";
import { median, quantile, round, spread } from "./statistics.ts";

const LIMIT_PER_SECOND = 30;
const FLOOD_PER_SECOND = 10 * LIMIT_PER_SECOND;
const EVENTS_PER_REQUEST = 10;
const POSTS_PER_SECOND = 20;
const READS_PER_SECOND = 10;
const ROUNDS = 4;
const ROUND_MS = 20_000;
const DAY_MS = 86_400_000;
/** Until what a flood left behind is answered and stored. */
const PAUSE_MS = 2_000;

type Round = { readonly posts: readonly Exchange[]; readonly reads: readonly Exchange[] };

/** What a project that posts and reads at its ease notices of another that sends ten times its limit: quiet and flooded rounds by turns. */
export async function benchFlood(): Promise<void> {
  const limits = { requests_per_second: LIMIT_PER_SECOND, burst_requests: LIMIT_PER_SECOND };
  const stack = await startStack({ env: { PROJECT_LIMITS: JSON.stringify({ flood: limits }) } });
  const sender = fork(fileURLToPath(new URL("flood-sender.ts", import.meta.url)), {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  try {
    const calm = await createStackClient(stack, "calm");
    const flood = await createStackClient(stack, "flood");
    const order: FloodOrder = {
      url: `${stack.edge_url}/v1/events`,
      key: flood.writeKey,
      perSecond: FLOOD_PER_SECOND,
      eventsPerRequest: EVENTS_PER_REQUEST,
    };
    const flooding = () => whileFlooding(sender, order, () => beCalm(stack.edge_url, calm, agent));
    // Both warm up.
    await beCalm(stack.edge_url, calm, agent);
    await flooding();
    const quiet: Round[] = [];
    const flooded: Round[] = [];
    const counts: FloodCounts[] = [];
    for (let index = 0; index < ROUNDS; index += 1) {
      await delay(PAUSE_MS);
      quiet.push(await beCalm(stack.edge_url, calm, agent));
      const { result, answers } = await flooding();
      flooded.push(result);
      counts.push(answers);
    }
    tellOfFlood(counts);
    tell("posts", quiet, flooded, ({ posts }) => posts);
    tell("reads", quiet, flooded, ({ reads }) => reads);
    tell("both", quiet, flooded, ({ posts, reads }) => [...posts, ...reads]);
  } finally {
    sender.disconnect();
    agent.destroy();
    await stack.stop();
  }
}

/** One round of the project that is measured: every other of its reads goes past the cache. */
async function beCalm(url: string, client: StackClient, agent: Agent): Promise<Round> {
  const { writeKey, readKey } = client;
  const posts = startPacedLoad(POSTS_PER_SECOND, () => {
    const body = JSON.stringify(createBenchEvents(EVENTS_PER_REQUEST));
    return exchangePlainly(`${url}/v1/events`, { agent, method: "POST", key: writeKey, body });
  });
  const dayOf = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
  const question = `${url}/v1/stats/events?interval=hour&from=${dayOf(-30)}&to=${dayOf(1)}`;
  const reads = startPacedLoad(READS_PER_SECOND, (index) => {
    const headers: Record<string, string> = index % 2 === 0 ? {} : { "cache-control": "no-cache" };
    return exchangePlainly(question, { agent, method: "GET", key: readKey, headers });
  });
  await delay(ROUND_MS);
  return { posts: await posts.stop(), reads: await reads.stop() };
}

async function whileFlooding<Result>(
  sender: ChildProcess,
  order: FloodOrder,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly answers: FloodCounts }> {
  sender.send(order);
  const result = await work();
  const counted = once(sender, "message");
  sender.send("stop");
  const [answers] = (await counted) as [FloodCounts];
  return { result, answers };
}

function tellOfFlood(rounds: readonly FloodCounts[]): void {
  const sum = (statuses: (status: string) => boolean) =>
    rounds
      .flatMap((counts) => Object.entries(counts))
      .reduce((total, [status, count]) => total + (statuses(status) ? count : 0), 0);
  report("the flooding project", {
    "limit, requests/s": LIMIT_PER_SECOND,
    sent: sum(() => true),
    "sent, requests/s": round((sum(() => true) * 1_000) / (rounds.length * ROUND_MS), 0),
    accepted: sum((status) => status === "202"),
    "answered 429": sum((status) => status === "429"),
    others: sum((status) => status !== "202" && status !== "429"),
  });
}

function tell(
  name: string,
  quiet: readonly Round[],
  flooded: readonly Round[],
  select: (round: Round) => readonly Exchange[],
): void {
  const of = (rounds: readonly Round[], fraction: number) =>
    rounds.map((one) => quantile(durationsOf(select(one)), fraction));
  const p99 = { quiet: of(quiet, 0.99), flooded: of(flooded, 0.99) };
  const ratios = p99.flooded.map((value, index) => value / (p99.quiet[index] ?? Number.NaN));
  const failed = [...quiet, ...flooded].flatMap(select).filter(({ status }) => status >= 300);
  report(`${name} of the other project`, {
    "p50 quiet, ms": spread(of(quiet, 0.5), 1),
    flooded: spread(of(flooded, 0.5), 1),
    "p99 quiet, ms": spread(p99.quiet, 1),
    "p99 flooded, ms": spread(p99.flooded, 1),
    "ratio of the medians of p99": round(median(p99.flooded) / median(p99.quiet)),
    "ratios of the rounds": spread(ratios),
    "requests refused or failed": failed.length,
  });
}

function durationsOf(exchanges: readonly Exchange[]): number[] {
  return exchanges.map(({ durationMs }) => durationMs);
}
