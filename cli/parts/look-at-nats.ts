import { randomUUID } from "node:crypto";
import {
  AckPolicy,
  type ConsumerInfo,
  JetStreamApiCodes,
  type JetStreamManager,
  jetstreamManager,
  type StreamInfo,
} from "@nats-io/jetstream";
import {
  type NatsConnection,
  PermissionViolationError,
  RequestError,
} from "@nats-io/transport-node";
import { findFirstUnacked } from "../../contract/first-unacked.ts";
import { DEAD_STREAM, EVENTS_STREAM, STORE_CONSUMER } from "../../contract/stream.ts";
import type { NatsTarget } from "../nats/target.ts";
import { connectNats, isApiError, reasonOf, whyNotConnected } from "../nats.ts";
import { type Answer, ask, valueIn } from "./answer.ts";
import type { ClockReading } from "./clock.ts";

export type NatsFacts = {
  readonly target: NatsTarget;
  readonly servers: readonly { readonly name: string; readonly answer: Answer<NatsServer> }[];
  /** What the first server that let us in says; undefined when none did. */
  readonly streams: StreamsFacts | undefined;
};

export type NatsServer = {
  readonly version: string;
  readonly hasJetStream: boolean;
  readonly maxPayload: number;
};

/** Of a stream or consumer `undefined` means that there is none. */
export type StreamsState = {
  readonly events: Answer<StreamInfo | undefined>;
  readonly dead: Answer<StreamInfo | undefined>;
  readonly consumer: Answer<ConsumerInfo | undefined>;
  /** When the stream got the oldest message that no worker has acknowledged; undefined when there is none. */
  readonly oldestUnackedMs: Answer<number | undefined>;
};

export type StreamsFacts = StreamsState & {
  /** Of a consumer that reads nothing and is gone again: replays and lists of dead letters need such. */
  readonly probe: Answer<ClockReading>;
  /** Whether our user may do more than an operator needs. */
  readonly mayDeleteStreams: Answer<boolean>;
};

const TIMEOUT_MS = 2_500;
const NANOS_PER_SECOND = 1_000_000_000;
/** Nobody has a stream of this name: whoever may delete streams is told that there is none. */
const NO_STREAM = "SLUICE_DOCTOR_ASKS_WHETHER_IT_MAY";

/** Connects to each server by itself, and looks at the streams through the first one that lets us in. */
export async function lookAtNats(target: NatsTarget): Promise<NatsFacts> {
  const connections = await Promise.all(
    target.servers.map(async (name) => ({ name, answer: await connectTo(name, target) })),
  );
  try {
    const first = connections.map(({ answer }) => valueIn(answer)).find((one) => one !== undefined);
    return {
      target,
      servers: connections.map(({ name, answer }) => ({ name, answer: describeServer(answer) })),
      streams: first && (await lookAtStreams(first)),
    };
  } finally {
    for (const { answer } of connections) void valueIn(answer)?.close();
  }
}

async function connectTo(server: string, target: NatsTarget): Promise<Answer<NatsConnection>> {
  const options = { timeoutMs: TIMEOUT_MS, maxReconnectAttempts: 0 };
  const connecting = connectNats({ ...target, servers: [server] }, options);
  const answer = await ask(
    TIMEOUT_MS + 100,
    () => connecting,
    (error) => whyNotConnected(error, target, TIMEOUT_MS),
  );
  // One that comes too late is nobody's.
  if ("failure" in answer) connecting.then((late) => late.close()).catch(() => {});
  return answer;
}

function describeServer(answer: Answer<NatsConnection>): Answer<NatsServer> {
  if ("failure" in answer) return answer;
  const { version, jetstream, max_payload } = answer.value.info ?? {};
  const value = {
    version: version ?? "",
    hasJetStream: jetstream === true,
    maxPayload: max_payload ?? 0,
  };
  return { value, tookMs: answer.tookMs };
}

async function lookAtStreams(connection: NatsConnection): Promise<StreamsFacts> {
  const manager = await managerOf(connection);
  const [state, probe, mayDeleteStreams] = await Promise.all([
    readStreams(manager),
    inquire(() => probeClock(manager)),
    inquire(() => mayDelete(connection)),
  ]);
  return { ...state, probe, mayDeleteStreams };
}

/** Asks nothing yet. */
export function managerOf(connection: NatsConnection): Promise<JetStreamManager> {
  return jetstreamManager(connection, { checkAPI: false, timeout: TIMEOUT_MS });
}

export async function readStreams(manager: JetStreamManager): Promise<StreamsState> {
  const [events, dead, consumer] = await Promise.all([
    inquire(() => orNone(manager.streams.info(EVENTS_STREAM))),
    inquire(() => orNone(manager.streams.info(DEAD_STREAM))),
    inquire(() => orNone(manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER))),
  ]);
  const oldestUnackedMs = await inquire(() =>
    findOldest(manager, valueIn(events), valueIn(consumer)),
  );
  return { events, dead, consumer, oldestUnackedMs };
}

function inquire<Value>(question: () => Promise<Value>): Promise<Answer<Value>> {
  return ask(TIMEOUT_MS, question, (error) => reasonOf(error) ?? String(error));
}

async function orNone<Info>(asked: Promise<Info>): Promise<Info | undefined> {
  try {
    return await asked;
  } catch (error) {
    const { StreamNotFound, ConsumerNotFound } = JetStreamApiCodes;
    if (isApiError(error, StreamNotFound) || isApiError(error, ConsumerNotFound)) return undefined;
    throw error;
  }
}

async function findOldest(
  manager: JetStreamManager,
  stream: StreamInfo | undefined,
  consumer: ConsumerInfo | undefined,
): Promise<number | undefined> {
  if (stream === undefined || consumer === undefined) return undefined;
  const sequence = findFirstUnacked(stream, consumer);
  if (sequence === undefined) return undefined;
  return (await manager.direct.getMessage(EVENTS_STREAM, { seq: sequence }))?.time.getTime();
}

/** The time at which a server made something is the one thing every version tells. */
async function probeClock(manager: JetStreamManager): Promise<ClockReading> {
  const sentMs = Date.now();
  const { name, created } = await manager.consumers.add(EVENTS_STREAM, {
    name: `probe-${randomUUID()}`,
    ack_policy: AckPolicy.None,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: 5 * NANOS_PER_SECOND,
  });
  const receivedMs = Date.now();
  await manager.consumers.delete(EVENTS_STREAM, name);
  const createdMs = Date.parse(created);
  return { fromMs: createdMs, toMs: createdMs, sentMs, receivedMs };
}

async function mayDelete(connection: NatsConnection): Promise<boolean> {
  try {
    const subject = `$JS.API.STREAM.DELETE.${NO_STREAM}`;
    await connection.request(subject, "", { timeout: TIMEOUT_MS });
    return true;
  } catch (error) {
    const cause = error instanceof RequestError ? error.cause : error;
    if (cause instanceof PermissionViolationError) return false;
    throw error;
  }
}
