import type { ConsumerInfo, StreamInfo } from "@nats-io/jetstream";
import {
  type Difference,
  deadStreamWish,
  eventsStreamWish,
  findDifferences,
  storeConsumerWish,
} from "../../contract/stream-wish.ts";
import { formatBytes } from "../format-bytes.ts";
import type { Settings } from "../parts/access.ts";
import type { Answer } from "../parts/answer.ts";
import { formatAge } from "../parts/format-age.ts";
import type { NatsFacts, StreamsFacts } from "../parts/look-at-nats.ts";
import { count } from "../table.ts";
import { type Finding, findingsOf } from "./finding.ts";

const { ok, warn, fail, skip } = findingsOf("streams");

/** The worker purges above 0.7 what is stored: what is above that for long is unread. */
const FULL = { warning: 0.85, failure: 0.95 };
const LATE_MS = { warning: 30_000, failure: 300_000 };

const AGAIN = "restart a worker: it applies its settings, or says what it cannot change";

/** What is in the streams, and whether they are what Sluice needs. `settings` are the worker's as far as they are known here. */
export function judgeStreams(
  facts: NatsFacts | undefined,
  settings: Settings,
  nowMs: number,
): Finding[] {
  if (facts === undefined) return [skip("EVENTS", "set NATS_URL")];
  if (facts.streams === undefined) {
    return [
      fail("EVENTS", "cannot be looked at", "first let the command line into NATS", ["nats"]),
    ];
  }
  const { events, dead, consumer } = facts.streams;
  return [
    ...judgeStream("EVENTS", events, settings),
    ...judgeConsumer(consumer, facts.streams, settings, nowMs),
    ...judgeStream("EVENTS_DEAD", dead, settings),
    ...judgeLetters(dead),
  ];
}

type StreamName = "EVENTS" | "EVENTS_DEAD";

function judgeStream(
  name: StreamName,
  answer: Answer<StreamInfo | undefined>,
  settings: Settings,
): Finding[] {
  if ("failure" in answer) return [notSeen(name, answer.failure)];
  const { value: info } = answer;
  if (info === undefined) {
    const fix = "start a worker: it makes the streams, and makes one again that is gone";
    return [fail(name, "is not there", fix, ["worker"])];
  }
  return [
    judgeConfig(name, findDifferences(streamWish(name, info, settings), info.config)),
    judgeFill(name, info),
    ...judgeReplicas(name, info),
  ];
}

/** What the worker's settings say, where they are known; else the stream's own sizes, which an operator may have changed. */
function streamWish(name: StreamName, { config }: StreamInfo, settings: Settings): object {
  const { STREAM_MAX_BYTES, STREAM_MAX_AGE_HOURS, STREAM_REPLICAS } = settings;
  const make = name === "EVENTS" ? eventsStreamWish : deadStreamWish;
  const wish = make({
    maxBytes: Number(STREAM_MAX_BYTES),
    maxAgeHours: Number(STREAM_MAX_AGE_HOURS),
    replicas: Number(STREAM_REPLICAS),
  });
  return {
    ...wish,
    ...(STREAM_MAX_BYTES ? {} : { max_bytes: config.max_bytes }),
    // Dead letters have no age, whatever the settings.
    ...(STREAM_MAX_AGE_HOURS || name === "EVENTS_DEAD" ? {} : { max_age: config.max_age }),
    ...(STREAM_REPLICAS ? {} : { num_replicas: config.num_replicas }),
  };
}

function judgeConfig(name: string, differences: readonly Difference[]): Finding {
  if (differences.length === 0) return ok(name, "is as Sluice needs it");
  const list = differences.map(
    ({ option, found, wanted }) =>
      `${option} is ${JSON.stringify(found) ?? "absent"}, wanted ${JSON.stringify(wanted)}`,
  );
  return fail(name, list.join("; "), AGAIN);
}

function judgeFill(name: StreamName, { state, config }: StreamInfo): Finding {
  const { messages, bytes } = state;
  const held = `${count(messages, "message")}, ${formatBytes(bytes)}`;
  if (config.max_bytes <= 0) {
    const fix = `nats stream edit ${name} --max-bytes 8GB: else it fills the disk`;
    return warn(`${name} room`, `${held} without a limit`, fix);
  }
  const ratio = bytes / config.max_bytes;
  const detail = `${held} of ${formatBytes(config.max_bytes)}, ${Math.round(ratio * 100)} %`;
  const fix =
    name === "EVENTS"
      ? "let workers catch up, or give it room: nats stream edit EVENTS --max-bytes 16GB"
      : "replay or drop dead letters: sluice dead list";
  if (ratio >= FULL.failure) {
    return fail(`${name} room`, detail, fix, name === "EVENTS" ? ["worker", "database"] : []);
  }
  return ratio >= FULL.warning ? warn(`${name} room`, detail, fix) : ok(`${name} room`, detail);
}

/** Nothing of a server that stands alone. */
function judgeReplicas(name: string, { cluster, config }: StreamInfo): Finding[] {
  if (cluster === undefined || config.num_replicas < 2) return [];
  if (!cluster.leader) {
    const fix = "bring back a majority of its servers: until then events wait in the outboxes";
    return [fail(`${name} replicas`, "have no leader", fix, ["nats"])];
  }
  const missing = (cluster.replicas ?? []).filter(({ offline, current }) => offline || !current);
  const total = config.num_replicas;
  if (missing.length === 0) return [ok(`${name} replicas`, `all ${total} are current`)];
  const names = missing.map(({ name }) => name).join(", ");
  const fix = "bring the server back: it catches up by itself";
  const detail = `${total - missing.length} of ${total} are current, not ${names}`;
  return [warn(`${name} replicas`, detail, fix)];
}

function judgeConsumer(
  answer: StreamsFacts["consumer"],
  { oldestUnackedMs }: StreamsFacts,
  settings: Settings,
  nowMs: number,
): Finding[] {
  if ("failure" in answer) return [notSeen("consumer", answer.failure)];
  const { value: info } = answer;
  if (info === undefined) {
    return [fail("consumer", "is not there", "start a worker: it makes it", ["worker"])];
  }
  return [
    judgeConfig("consumer", findDifferences(consumerWish(info, settings), info.config)),
    judgeLag(info, oldestUnackedMs, nowMs),
  ];
}

function consumerWish({ config }: ConsumerInfo, { ACK_WAIT_MS }: Settings): object {
  const wish = storeConsumerWish(Number(ACK_WAIT_MS));
  return ACK_WAIT_MS ? wish : { ...wish, ack_wait: config.ack_wait };
}

function judgeLag(
  { num_pending, num_ack_pending }: ConsumerInfo,
  oldest: StreamsFacts["oldestUnackedMs"],
  nowMs: number,
): Finding {
  const unread = num_pending + num_ack_pending;
  if (unread === 0) return ok("lag", "none");
  const lateMs = "value" in oldest && oldest.value !== undefined ? nowMs - oldest.value : 0;
  const detail = `${count(unread, "message")}, the oldest for ${formatAge(Math.max(0, lateMs))}`;
  const fix = "does a worker run, and does its store keep up? Its log and sluice status tell";
  if (lateMs >= LATE_MS.failure) return fail("lag", detail, fix, ["worker", "database"]);
  return lateMs >= LATE_MS.warning ? warn("lag", detail, fix) : ok("lag", detail);
}

function judgeLetters(answer: StreamsFacts["dead"]): Finding[] {
  if ("failure" in answer || answer.value === undefined) return [];
  const { messages } = answer.value.state;
  if (messages === 0) return [ok("dead letters", "none")];
  const fix = "sluice dead list says why; then sluice dead replay, or drop";
  return [warn("dead letters", count(messages, "event"), fix)];
}

function notSeen(name: string, failure: string): Finding {
  const isRefused = /may not|nobody answers/.test(failure);
  const fix = isRefused ? "use the operator's user" : "is JetStream well? See nats-server's log";
  return fail(name, failure, fix, isRefused ? ["nats"] : ["nats", "machine"]);
}
