import { randomBytes } from "node:crypto";
import {
  AckPolicy,
  type ConsumerInfo,
  JetStreamApiCodes,
  type JetStreamManager,
} from "@nats-io/jetstream";
import {
  encodeReplayPlan,
  isReplayConsumer,
  parseReplayPlan,
  type ReplayPlan,
  ReplayPlanError,
  replayConsumerName,
} from "../../contract/replay.ts";
import { EVENTS_STREAM, projectOfSubject } from "../../contract/stream.ts";
import { CliError } from "../cli-error.ts";
import { toDeliverPolicy } from "../nats/probe.ts";
import { findStream, isApiError, type Nats } from "../nats.ts";
import type { Range } from "./range.ts";

/** A replay as it stands. */
export type Replay = {
  readonly name: string;
  readonly project: string | undefined;
  /** Undefined when something else has the name of a replay. */
  readonly plan: ReplayPlan | undefined;
  readonly hasBegun: boolean;
  /** Everything up to this position is stored. */
  readonly storedSequence: number;
  readonly createdMs: number;
};

const NANOS_PER_SECOND = 1_000_000_000;
/** A replay that no worker takes up for so long is given up by the server. */
const INACTIVE_SECONDS = 24 * 3_600;

export function newReplayName(): string {
  return replayConsumerName(randomBytes(4).toString("hex"));
}

/** Asks the workers for a replay. */
export async function createReplay(
  manager: JetStreamManager,
  name: string,
  range: Range,
  eventsPerSecond: number,
): Promise<void> {
  await manager.consumers.add(EVENTS_STREAM, {
    durable_name: name,
    description: encodeReplayPlan({
      end_sequence: range.endSequence,
      events_per_second: eventsPerSecond,
    }),
    ...toDeliverPolicy(range.start),
    ...(range.subject === undefined ? {} : { filter_subject: range.subject }),
    ack_policy: AckPolicy.Explicit,
    ack_wait: 30 * NANOS_PER_SECOND,
    max_ack_pending: 1_000,
    max_deliver: -1,
    inactive_threshold: INACTIVE_SECONDS * NANOS_PER_SECOND,
    num_replicas: range.replicas,
  });
}

/** Undefined once it is over. */
export async function findReplay(
  manager: JetStreamManager,
  name: string,
): Promise<Replay | undefined> {
  try {
    return toReplay(await manager.consumers.info(EVENTS_STREAM, name));
  } catch (error) {
    if (isApiError(error, JetStreamApiCodes.ConsumerNotFound)) return undefined;
    throw error;
  }
}

/** Oldest first. @throws {CliError} when the stream does not exist yet. */
export async function listReplays(manager: JetStreamManager): Promise<Replay[]> {
  await findStream(manager, EVENTS_STREAM);
  const replays: Replay[] = [];
  for await (const info of manager.consumers.list(EVENTS_STREAM)) {
    if (isReplayConsumer(info.name)) replays.push(toReplay(info));
  }
  return replays.sort((a, b) => a.createdMs - b.createdMs);
}

/** Also tells whoever watches it: a replay that is over looks the same to them. @throws {CliError} when there is none. */
export async function cancelReplay({ connection, manager }: Nats, name: string): Promise<void> {
  await findStream(manager, EVENTS_STREAM);
  if ((await findReplay(manager, name)) === undefined) {
    throw new CliError(`There is no replay ${name}: it is over, or never was (sluice replay list)`);
  }
  connection.publish(cancelledSubject(name));
  await connection.flush();
  await manager.consumers.delete(EVENTS_STREAM, name);
}

/** Where a cancellation is told. */
export function cancelledSubject(name: string): string {
  return `sluice.cancelled.${name}`;
}

function toReplay(info: ConsumerInfo): Replay {
  const { name, config, delivered, ack_floor, created } = info;
  const { filter_subject } = config;
  return {
    name,
    project: filter_subject === undefined ? undefined : projectOfSubject(filter_subject),
    plan: readPlan(config.description),
    hasBegun: delivered.consumer_seq > 0,
    storedSequence: ack_floor.stream_seq,
    createdMs: Date.parse(created),
  };
}

function readPlan(description: string | undefined): ReplayPlan | undefined {
  try {
    return parseReplayPlan(description);
  } catch (error) {
    if (error instanceof ReplayPlanError) return undefined;
    throw error;
  }
}
